package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// greeting says that the terminal passes every byte as it is from now on.
const greeting = "ready\n"

// types types into a terminal, at its own pace, and ends the program by a signal. OpenSSH's
// server sends none to programs of root: there it just leaves.
func (c *client) types() error {
	s, k, err := c.typing()
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Signal(ssh.SIGTERM); err != nil {
		return fmt.Errorf("send signal: %w", err)
	}
	if k.leaves = c.BackendName != "local"; k.leaves {
		return nil
	}
	k.signal = "TERM"
	return k.ended(s.Wait())
}

// typesAndLeaves types too, and closes the window.
func (c *client) typesAndLeaves() error {
	s, k, err := c.typing()
	if err != nil {
		return err
	}
	k.leaves = true
	if err := s.Close(); err != nil {
		return fmt.Errorf("close channel: %w", err)
	}
	return nil
}

// typing types for a while. The terminal says each key back.
func (c *client) typing() (*ssh.Session, *talk, error) {
	k := &talk{command: c.name("stty raw -echo; echo ready; exec cat", 0)}
	k.plan(c)
	c.begins(k)
	s, err := c.ssh.NewSession()
	if err != nil {
		return nil, nil, fmt.Errorf("open channel: %w", err)
	}
	in, errIn := s.StdinPipe()
	out, errOut := s.StdoutPipe()
	if err := errors.Join(errIn, errOut, s.RequestPty("xterm", 24, 80, ssh.TerminalModes{}), s.Start(k.command)); err != nil {
		return nil, nil, fmt.Errorf("start program in a terminal: %w", err)
	}
	heard := io.TeeReader(out, &k.out)
	if _, err := io.ReadFull(heard, make([]byte, len(greeting))); err != nil {
		return nil, nil, fmt.Errorf("wait for the terminal: %w", err)
	}
	windows := slices.Clone(k.windows)
	for rest := k.stdin.Bytes; len(rest) > 0; {
		keys := rest[:min(1+c.rand.IntN(8), len(rest))]
		k.sent.Write(keys)
		if _, err := in.Write(keys); err != nil {
			return nil, nil, fmt.Errorf("type: %w", err)
		}
		if len(windows) > 0 {
			if err := s.WindowChange(int(windows[0].Rows), int(windows[0].Columns)); err != nil {
				return nil, nil, fmt.Errorf("change window: %w", err)
			}
			windows = windows[1:]
		}
		if _, err := io.ReadFull(heard, make([]byte, len(keys))); err != nil {
			return nil, nil, fmt.Errorf("read what was typed: %w", err)
		}
		<-time.After(time.Duration(c.rand.IntN(10)) * time.Millisecond) // a pace is what is tested here
		rest = rest[len(keys):]
	}
	return s, k, nil
}

// plan draws what is typed.
func (k *talk) plan(c *client) {
	keys := make([]byte, c.rig.Size(100, 600))
	for i := range keys {
		keys[i] = byte(c.rand.Uint32())
	}
	k.stdin = oracle.Of(keys)
	k.stdout = oracle.Of(bytes.Join([][]byte{[]byte(greeting), keys}, nil))
	for range 5 {
		k.windows = append(k.windows, event.Window{Columns: 20 + c.rand.Uint32N(200), Rows: 5 + c.rand.Uint32N(80)})
	}
}
