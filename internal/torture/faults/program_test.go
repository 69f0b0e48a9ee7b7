package faults

import (
	"context"
	"io"
	"sync"

	"github.com/sshtrail/sshtrail/internal/backend"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// What goes to and fro in one round: the client's line, and what the program answers.
const (
	lineSize  = 300
	replySize = 700
	noteSize  = 100
	status    = 7
)

// The streams of a session have a seed each, made of its user's.
const (
	ofStdin = iota
	ofStdout
	ofStderr
	seeds
)

// program is a target that answers each line: what it read and wrote is known.
type program struct {
	user  string
	seed  uint64
	input stream // what it has read

	ending sync.Once
	exit   backend.Exit
	ended  chan struct{}

	streams        backend.Streams
	stdin          *io.PipeReader
	stdout, stderr *io.PipeWriter
	closing        sync.Once
}

// host runs one program.
type host struct{ p *program }

func (h host) Start(context.Context, backend.Command) (backend.Process, error) {
	go h.p.run() // ends when its streams do: with its client, or with the host
	return h.p, nil
}

func (h host) Close() error   { return h.p.Close() }
func (h host) String() string { return "test:" + h.p.user }

func newProgram(user string, seed uint64, at clock) *program {
	p := &program{user: user, seed: seed, input: stream{at: at}, ended: make(chan struct{})}
	p.stdin, p.streams.Stdin = io.Pipe()
	var out, errs *io.PipeReader
	out, p.stdout = io.Pipe()
	errs, p.stderr = io.Pipe()
	p.streams.Stdout, p.streams.Stderr = out, errs
	return p
}

// endless is what a stream would be if it never ended.
func endless(seed uint64, of uint64) io.Reader { return oracle.Data(seed*seeds+of, 1<<40) }

func (p *program) run() {
	replies, notes := endless(p.seed, ofStdout), endless(p.seed, ofStderr)
	line := make([]byte, lineSize)
	for {
		if _, err := io.ReadFull(io.TeeReader(p.stdin, &p.input), line); err != nil {
			break
		}
		if _, err := io.CopyN(p.stdout, replies, replySize); err != nil {
			break
		}
		if _, err := io.CopyN(p.stderr, notes, noteSize); err != nil {
			break
		}
	}
	_ = p.stdout.Close()
	_ = p.stderr.Close()
	p.end(backend.Exit{Status: status})
}

func (p *program) end(e backend.Exit) {
	p.ending.Do(func() {
		p.exit = e
		close(p.ended)
	})
}

func (p *program) Streams() backend.Streams  { return p.streams }
func (p *program) Resize(backend.Size) error { return nil }
func (p *program) Signal(string) error       { return nil }

func (p *program) Wait() (backend.Exit, error) {
	<-p.ended
	return p.exit, nil
}

func (p *program) Close() error {
	p.closing.Do(func() {
		_ = p.stdin.Close()
		_ = p.stdout.Close()
		_ = p.stderr.Close()
		p.end(backend.Exit{Signal: "KILL"}) // in case it was never started
	})
	return nil
}
