// Package handover keeps a service's listening sockets open from one process to the next.
//
// A [Process] takes over the sockets that it was started with: the service manager's, by
// systemd's protocol (sd_listen_fds(3)), or those of the process before it. What is missing
// it opens. [Process.Upgrade] starts the program anew, with the sockets: connections that
// come meanwhile wait in the sockets' queues, which both processes share, so none is
// refused. The new process says when it is ready, or why it can't be, and only a word from
// the old one lets it serve: at each moment one of the two is known to.
package handover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Process is this process, in the row of those that serve one after the other. Its methods
// may be called concurrently, but Ready and Failed by who called Begin.
type Process struct {
	manager manager
	program string // to be started next, at whatever the path then leads to
	known   []string
	// predecessor waits for this process to be ready; nil if none does.
	predecessor net.Conn

	mu        sync.Mutex
	sockets   []*Listener
	successor int
}

// Begin takes over what this process was started with, and takes it out of the environment
// and of what programs inherit, which are to know nothing of it. names are what this
// service's sockets can be called. It is to be called once, before anything else opens files.
// There is a Process with an error too, which Failed can be called on.
func Begin(names ...string) (*Process, error) {
	// A process is given descriptors to take some of them over: nobody else shall have them.
	closeOnExec()
	p := &Process{manager: manager{take("NOTIFY_SOCKET")}, known: names}
	var err error
	if p.program, err = program(); err != nil {
		return p, err
	}
	sockets := takeActivation()
	if given := take(variable); given != "" {
		return p, p.inherit(given)
	}
	return p, p.activate(sockets)
}

// take returns an environment variable and removes it.
func take(name string) string {
	value := os.Getenv(name)
	_ = os.Unsetenv(name) // fails for names that can't be
	return value
}

// program returns the path that this program was started by, since a symbolic link in it may
// lead to a newer one later: or else, where the program is.
func program() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	named, err := exec.LookPath(os.Args[0])
	if err != nil {
		return self, nil
	}
	if named, err = filepath.Abs(named); err != nil {
		return self, nil
	}
	a, err := os.Stat(named)
	if err != nil {
		return self, nil
	}
	if b, err := os.Stat(self); err != nil || !os.SameFile(a, b) {
		return self, nil
	}
	return named, nil
}

// answer is what a new process tells the one before it, as a line of JSON.
type answer struct {
	Ready bool   `json:"ready"`
	Error string `json:"error,omitempty"`
}

// serve is the word that lets a new process serve.
const serve = "serve\n"

// Ready says that this process has all that it needs to serve, and returns nil when it may.
// If a process before this one can't let it any more, since it has ended, it may. Ready is
// told to the service manager too. It fails if ctx ends first.
func (p *Process) Ready(ctx context.Context) error {
	if c := p.predecessor; c != nil {
		if err := mayServe(ctx, c); err != nil {
			return err
		}
		p.predecessor = nil
		_ = c.Close() // all is said
	}
	p.dropUnused()
	p.Tell("READY=1")
	return nil
}

func mayServe(ctx context.Context, c net.Conn) error {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Now()) })
	defer stop()
	err := json.NewEncoder(c).Encode(answer{Ready: true})
	if err == nil {
		_, err = io.ReadFull(c, make([]byte, len(serve)))
	}
	if ctx.Err() != nil {
		return fmt.Errorf("take over from the process before: %w", context.Cause(ctx))
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("take over from the process before: %w", err)
	}
	return nil // whatever else fails here: the other process has ended
}

// maxWords is how many bytes of a process's last words are passed on.
const maxWords = 4096

// Failed tells a process that waits for this one why it will not be ready.
func (p *Process) Failed(err error) {
	if p.predecessor == nil {
		return
	}
	words := err.Error()
	_ = p.predecessor.SetDeadline(time.Now().Add(time.Second))
	_ = json.NewEncoder(p.predecessor).Encode(answer{Error: words[:min(len(words), maxWords)]}) // else it sees that this process ends
	_ = p.predecessor.Close()
	p.predecessor = nil
}
