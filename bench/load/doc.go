// Package load is the clients that a gateway is measured with.
package load

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/bench/floor"
)

// Client says where to log in, and as whom.
type Client struct {
	Addr, User string
	Key        ssh.Signer
}

func (c Client) config(auth ssh.AuthMethod) *ssh.ClientConfig {
	config := &ssh.ClientConfig{User: c.User, Auth: []ssh.AuthMethod{auth}, HostKeyCallback: ssh.InsecureIgnoreHostKey()}
	config.Ciphers = []string{floor.Cipher}
	return config
}

func (c Client) dial() (*ssh.Client, error) {
	return ssh.Dial("tcp", c.Addr, c.config(ssh.PublicKeys(c.Key)))
}

// Session is a connection with one session, in which one program can be run.
type Session struct {
	client *ssh.Client
	s      *ssh.Session
	in     io.WriteCloser
	out    io.Reader
}

// Open logs in and opens a session.
func (c Client) Open() (*Session, error) {
	client, err := c.dial()
	if err != nil {
		return nil, fmt.Errorf("log in: %w", err)
	}
	s, err := client.NewSession()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open session: %w", err), client.Close())
	}
	in, err := s.StdinPipe()
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	out, err := s.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return &Session{client: client, s: s, in: in, out: out}, nil
}

// Close ends the connection.
func (s *Session) Close() error { return s.client.Close() }

// Start starts a program, which Keys and Key talk with.
func (s *Session) Start(program string) error {
	if err := s.s.Start(program); err != nil {
		return fmt.Errorf("run %q: %w", program, err)
	}
	return nil
}

// Run runs a program to its end.
func (s *Session) Run(program string) error {
	if err := s.s.Run(program); err != nil {
		return fmt.Errorf("run %q: %w", program, err)
	}
	return nil
}

// Down has the target print a file, of this size.
func (s *Session) Down(file string, size int64) error {
	if err := s.Start(floor.Echo + " " + file); err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, s.out)
	if err == nil {
		err = s.s.Wait()
	}
	if err != nil || n != size {
		return fmt.Errorf("%d bytes of %q arrived of %d: %w", n, file, size, err)
	}
	return nil
}

// Up sends a file to the target, again and again until this many bytes are sent, and waits
// until the target has read them.
func (s *Session) Up(file string, size int64) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := s.Start(floor.Sink); err != nil {
		return err
	}
	if err := s.Send(data, size); err != nil {
		return err
	}
	if err := s.in.Close(); err != nil {
		return err
	}
	return s.s.Wait()
}

// Send sends data, again and again until this many bytes are sent, to what Start has
// started.
func (s *Session) Send(data []byte, size int64) error {
	for sent := int64(0); sent < size; {
		n, err := s.in.Write(data[:min(int64(len(data)), size-sent)])
		if err != nil {
			return fmt.Errorf("send after %d bytes: %w", sent, err)
		}
		sent += int64(n)
	}
	return nil
}

// Key types a key and waits for its echo: Start must have started [floor.Echo].
func (s *Session) Key(key byte) (time.Duration, error) {
	b := []byte{key}
	begun := time.Now()
	if _, err := s.in.Write(b); err != nil {
		return 0, fmt.Errorf("type: %w", err)
	}
	if _, err := io.ReadFull(s.out, b); err != nil {
		return 0, fmt.Errorf("wait for echo: %w", err)
	}
	if b[0] != key {
		return 0, fmt.Errorf("the echo of %q is %q", key, b)
	}
	return time.Since(begun), nil
}

// Keys types so many keys flat out, each when the one before has come back.
func (s *Session) Keys(n int) ([]time.Duration, error) {
	took := make([]time.Duration, n)
	for i := range took {
		var err error
		if took[i], err = s.Key('a' + byte(i%26)); err != nil {
			return nil, err
		}
	}
	return took, nil
}
