package session

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sshtrail/sshtrail/internal/backend"
)

// run starts the channel's one program.
func (c *channel) run(name string, payload []byte) error {
	cmd, err := command(name, payload)
	if err != nil {
		return err
	}
	if c.running() != nil {
		return fmt.Errorf("request %s: the channel has its program already", name)
	}
	cmd.Env, cmd.Trusted, cmd.PTY = c.env, c.trusted, c.pty
	return c.start(cmd)
}

func command(name string, payload []byte) (backend.Command, error) {
	var cmd backend.Command
	var err error
	switch name {
	case "exec":
		var r execRequest
		err = decode(name, payload, &r)
		cmd = backend.Command{Kind: backend.Exec, Program: r.Program}
	case "subsystem":
		var r subsystemRequest
		err = decode(name, payload, &r)
		cmd = backend.Command{Kind: backend.Subsystem, Program: r.Name}
	default:
		if len(payload) != 0 {
			err = fmt.Errorf("malformed request %s: %d bytes too many", name, len(payload))
		}
	}
	if err == nil && strings.ContainsRune(cmd.Program, 0) { // execve(2) would cut it there
		err = fmt.Errorf("malformed request %s: it has a NUL byte", name)
	}
	return cmd, err
}

var errClosed = errors.New("the channel was closed while the program was being started")

// start has the host start cmd. The channel may be closed meanwhile.
func (c *channel) start(cmd backend.Command) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return errClosed
	}
	c.starting = true
	c.mu.Unlock()

	process, err := c.startOnHost(cmd)

	c.mu.Lock()
	c.starting = false
	closed, eof := c.closed, c.eof
	if err == nil && !closed {
		c.process, c.streams = process, process.Streams()
	}
	c.mu.Unlock()
	switch {
	case closed:
		if err == nil {
			_ = process.Close() // the host's Close says what still runs
		}
		c.windUp()
		return errClosed
	case err != nil:
		c.notify(err)
		return err
	}
	close(c.started)
	if eof {
		_ = c.streams.Stdin.Close() // a program that is gone already needs no end
	}
	go c.finish(process) // ends with the program, which Close ends; the target waits for it
	return nil
}

func (c *channel) startOnHost(cmd backend.Command) (p backend.Process, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("internal error while starting a program: %v", r)
		}
	}()
	return c.target.host.Start(c.ctx, cmd)
}

// notify lets the client's user read why there is no program, since a refusal has no
// text. One that was not read yet is enough.
func (c *channel) notify(err error) {
	select {
	case c.notices <- []byte("sshtrail: " + err.Error() + "\r\n"): // it may be a terminal in raw mode
	default:
	}
}

// finish tells how the program ended, once it has and its output was read, and closes
// the channel. Like OpenSSH it waits for all who hold the output, a background job too.
func (c *channel) finish(process backend.Process) {
	over := make(chan struct{})
	go func() { // finish waits for it
		defer close(over)
		<-c.ctx.Done()
		_ = process.Close() // the host's Close says what still runs
	}()
	exit, err := process.Wait()
	if c.outputRead() && err == nil {
		c.requests <- exitRequest(exit)
	}
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	close(c.requests) // the client need not wait for what the program left behind
	<-over
	c.target.forget(c)
}

// outputRead waits until all output was read and reports whether it was: not if the
// client has gone.
func (c *channel) outputRead() bool {
	for _, o := range []*output{&c.stdout, &c.stderr} {
		select {
		case <-o.end:
		case <-c.ctx.Done():
			return false
		}
	}
	return true
}
