package session

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/backend"
)

// SendRequest makes a request of the client's. It returns false for one that is refused,
// and without wantReply; LastRefusal knows. Its error is io.EOF once the channel is closed.
func (c *channel) SendRequest(name string, wantReply bool, payload []byte) (bool, error) {
	c.setup.Lock()
	defer c.setup.Unlock()
	if c.ctx.Err() != nil {
		return false, io.EOF
	}
	err := c.request(name, payload)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refusal = ""
	if err != nil {
		c.refusal = err.Error()
	}
	return wantReply && err == nil, nil
}

// request is called with setup locked. Its error is a refusal. It comes to this from
// bytes that a stranger chose, so a panic is a refusal too.
func (c *channel) request(name string, payload []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal error in request %q: %v", name, r)
		}
	}()
	switch name {
	case "env":
		return c.setEnv(payload)
	case "pty-req":
		return c.requestPTY(payload)
	case "shell", "exec", "subsystem":
		return c.run(name, payload)
	case "window-change":
		return c.resize(payload)
	case "signal":
		return c.signal(payload)
	case "break":
		return c.sendBreak(payload)
	case "eow@openssh.com":
		return c.unread()
	case "auth-agent-req@openssh.com", "x11-req":
		return fmt.Errorf("%s offers no %s", c.target, name)
	default:
		return fmt.Errorf("request %q is not known here", name)
	}
}

// unread is the client's word that nobody reads the program's output any more (OpenSSH
// PROTOCOL §2.1): without a terminal the program gets SIGPIPE, as from a pipe.
func (c *channel) unread() error {
	if c.running() == nil || c.pty != nil {
		return nil
	}
	if out, ok := c.streams.Stdout.(io.Closer); ok {
		out.Close() // it may be at its end already
	}
	return nil
}

// decode reads a payload that is to have this request's fields and nothing after them.
func decode(name string, payload []byte, to any) error {
	if err := ssh.Unmarshal(payload, to); err != nil {
		return fmt.Errorf("malformed request %s: %w", name, err)
	}
	return nil
}

// unstarted refuses what must come before the program.
func (c *channel) unstarted(name string) error {
	if c.running() != nil {
		return fmt.Errorf("request %s comes too late: the program runs", name)
	}
	return nil
}

func (c *channel) running() backend.Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.process
}

func (c *channel) setEnv(payload []byte) error {
	var r envRequest
	if err := decode("env", payload, &r); err != nil {
		return err
	}
	if err := c.unstarted("env"); err != nil {
		return err
	}
	switch {
	case !envName(r.Name):
		return fmt.Errorf("variable %.64q: not a name", r.Name)
	case strings.ContainsRune(r.Value, 0):
		return fmt.Errorf("variable %.64q: its value has a NUL byte", r.Name)
	case !c.target.policy.allowsEnv(r.Name):
		return fmt.Errorf("variable %.64q: not among those that clients may set", r.Name)
	}
	set := func(v string) bool { return strings.HasPrefix(v, r.Name+"=") }
	env := slices.DeleteFunc(slices.Clone(c.env), set)
	size := len(r.Name) + len(r.Value)
	for _, v := range env {
		size += len(v)
	}
	if len(env) == maxEnv || size > maxEnvBytes {
		return fmt.Errorf("variable %.64q: a program gets at most %d variables of %d bytes together", r.Name, maxEnv, maxEnvBytes)
	}
	c.env = append(env, r.Name+"="+r.Value)
	return nil
}

// maxTerm is far above the longest name in the terminfo database.
const maxTerm = 128

func (c *channel) requestPTY(payload []byte) error {
	var r ptyRequest
	if err := decode("pty-req", payload, &r); err != nil {
		return err
	}
	if err := c.unstarted("pty-req"); err != nil {
		return err
	}
	switch {
	case c.pty != nil:
		return fmt.Errorf("request pty-req: the program has a terminal already")
	case len(r.Term) > maxTerm || strings.ContainsFunc(r.Term, unprintable):
		return fmt.Errorf("request pty-req: %.64q can't be the name of a terminal", r.Term)
	}
	if err := checkModes(r.Modes); err != nil {
		return fmt.Errorf("malformed request pty-req: %w", err)
	}
	c.pty = &backend.PTY{
		Term:  r.Term,
		Size:  backend.Size{Columns: r.Columns, Rows: r.Rows, Width: r.Width, Height: r.Height},
		Modes: slices.Clone(r.Modes),
	}
	return nil
}

func unprintable(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }

func (c *channel) resize(payload []byte) error {
	var r windowRequest
	if err := decode("window-change", payload, &r); err != nil {
		return err
	}
	if c.pty == nil {
		return fmt.Errorf("request window-change: there is no terminal")
	}
	size := backend.Size{Columns: r.Columns, Rows: r.Rows, Width: r.Width, Height: r.Height}
	p := c.running()
	if p == nil {
		c.pty.Size = size
		return nil
	}
	return p.Resize(size)
}

func (c *channel) signal(payload []byte) error {
	var r signalRequest
	if err := decode("signal", payload, &r); err != nil {
		return err
	}
	if !slices.Contains(signals(), r.Name) {
		return fmt.Errorf("signal %.64q is not known", r.Name)
	}
	p := c.running()
	if p == nil {
		return fmt.Errorf("signal %s: no program runs", r.Name)
	}
	return p.Signal(r.Name)
}

// sendBreak does what OpenSSH does with a pseudo-terminal, which has no line to break:
// nothing, and that successfully (RFC 4335 §3).
func (c *channel) sendBreak(payload []byte) error {
	var r breakRequest
	if err := decode("break", payload, &r); err != nil {
		return err
	}
	if c.pty == nil || c.running() == nil {
		return fmt.Errorf("request break: there is no terminal")
	}
	return nil
}
