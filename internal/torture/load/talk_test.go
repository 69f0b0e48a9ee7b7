package load

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// talk is a program that a client runs on a channel of its own.
type talk struct {
	// What is to happen.
	command               string
	stdin, stdout, stderr oracle.Content
	status                uint32
	signal                string // ends it, if it is not empty
	leaves                bool   // the client does not wait for its end
	windows               []event.Window

	// What the client sent and received.
	sent, out, errs oracle.Meter
}

// begins notes that a talk's program will be asked for.
func (c *client) begins(k *talk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.talks = append(c.talks, k)
}

// talk runs a program to its end, reading and writing at once.
func (c *client) talk(k *talk) error {
	c.begins(k)
	s, err := c.ssh.NewSession()
	if err != nil {
		return fmt.Errorf("open channel: %w", err)
	}
	defer s.Close()
	in, errIn := s.StdinPipe()
	out, errOut := s.StdoutPipe()
	errs, errErrs := s.StderrPipe()
	if err := errors.Join(errIn, errOut, errErrs); err != nil {
		return err
	}
	if err := s.Start(k.command); err != nil {
		return fmt.Errorf("start program: %w", err)
	}
	sources := [3]*rand.Rand{c.source(), c.source(), c.source()}
	var sides sync.WaitGroup
	var feedErr, outErr, errsErr error
	sides.Go(func() { feedErr = k.feed(in, sources[0]) })
	sides.Go(func() { outErr = drain(&k.out, out, sources[1]) })
	sides.Go(func() { errsErr = drain(&k.errs, errs, sources[2]) })
	sides.Wait()
	return errors.Join(feedErr, outErr, errsErr, k.ended(s.Wait()))
}

// feed writes standard input in pieces of any size, and ends it.
func (k *talk) feed(in io.WriteCloser, r *rand.Rand) error {
	for rest := k.stdin.Bytes; len(rest) > 0; {
		p := rest[:min(size(r, 256<<10), int64(len(rest)))]
		k.sent.Write(p) // before: what was sent in part counts as sent
		if _, err := in.Write(p); err != nil {
			return fmt.Errorf("send input: %w", err)
		}
		rest = rest[len(p):]
	}
	if err := in.Close(); err != nil && err != io.EOF {
		return fmt.Errorf("end input: %w", err)
	}
	return nil
}

// drain reads pieces of any size to the end.
func drain(m *oracle.Meter, from io.Reader, r *rand.Rand) error {
	buf := make([]byte, 128<<10)
	for {
		n, err := from.Read(buf[:size(r, int64(len(buf)))])
		m.Write(buf[:n])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read output: %w", err)
		}
	}
}

// ended holds how a program ended to how it should.
func (k *talk) ended(err error) error {
	var exit *ssh.ExitError
	switch {
	case err == nil && k.status == 0 && k.signal == "":
		return nil
	case errors.As(err, &exit) && exit.Signal() == k.signal && (k.signal != "" || exit.ExitStatus() == int(k.status)):
		return nil
	}
	return fmt.Errorf("the program ended with %w, want status %d, signal %q", orNil(err), k.status, k.signal)
}

func orNil(err error) error {
	if err == nil {
		return errors.New("status 0")
	}
	return err
}
