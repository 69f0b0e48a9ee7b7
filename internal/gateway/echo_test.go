package gateway

import (
	"context"
	"io"
	"sync"

	"github.com/sshtrail/sshtrail/internal/backend"
)

// echoes is a host whose programs live in this process: "silent" neither reads nor ends,
// "flood" writes a megabyte, "fail" can't be started, and all others write what they read.
type echoes struct{ running sync.WaitGroup }

func (e *echoes) String() string { return "echoes" }

func (e *echoes) Close() error {
	e.running.Wait()
	return nil
}

func (e *echoes) Start(_ context.Context, cmd backend.Command) (backend.Process, error) {
	if cmd.Program == "fail" {
		return nil, io.ErrUnexpectedEOF
	}
	p := &echo{over: make(chan struct{}), errs: eof{}}
	p.inR, p.in = io.Pipe()
	p.out, p.outW = io.Pipe()
	e.running.Go(func() { // ends with its input, or by Close
		defer close(p.over)
		defer p.outW.Close()
		switch cmd.Program {
		case "silent":
			<-p.ended()
		case "flood":
			p.outW.Write(make([]byte, 1<<20))
		default:
			io.Copy(p.outW, p.inR)
		}
		p.inR.Close()
	})
	return p, nil
}

// echo is one of the programs.
type echo struct {
	in   io.WriteCloser
	inR  *io.PipeReader
	out  *io.PipeReader
	outW *io.PipeWriter
	errs io.Reader
	over chan struct{}

	mu     sync.Mutex
	killed chan struct{}
}

func (p *echo) ended() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed == nil {
		p.killed = make(chan struct{})
	}
	return p.killed
}

func (p *echo) Streams() backend.Streams {
	return backend.Streams{Stdin: p.in, Stdout: p.out, Stderr: p.errs}
}

func (p *echo) Resize(backend.Size) error { return nil }

func (p *echo) Signal(name string) error {
	if name == "KILL" {
		p.kill()
	}
	return nil
}

func (p *echo) kill() {
	ended := p.ended()
	p.mu.Lock()
	select {
	case <-ended:
	default:
		close(ended)
	}
	p.mu.Unlock()
	p.inR.CloseWithError(io.EOF)
	p.outW.Close()
	p.out.Close()
}

func (p *echo) Wait() (backend.Exit, error) {
	<-p.over
	return backend.Exit{}, nil
}

func (p *echo) Close() error {
	p.kill()
	<-p.over
	return nil
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }
