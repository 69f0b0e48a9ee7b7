package faults

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// person is a client who talks to a program, a line at a time, and notes what comes back.
type person struct {
	name      string
	seed      uint64
	program   *program // what they are joined to, once they are
	out, errs stream   // what they have received
	lines     io.Reader

	client         *ssh.Client
	session        *ssh.Session
	stdin          io.WriteCloser
	stdout, stderr io.Reader

	err     error         // what ended it before its time
	slowest time.Duration // of their steps
	why     string        // which that was
	done    bool          // the program has ended, with its status
}

func newPerson(name string, seed uint64, at clock) *person {
	p := &person{name: name, seed: seed, lines: endless(seed, ofStdin)}
	p.out.at, p.errs.at = at, at
	return p
}

// step is one thing that a person does, unless something went wrong before.
func (p *person) step(what string, f func() error) {
	if p.err != nil {
		return
	}
	began := time.Now()
	if err := f(); err != nil {
		p.err = fmt.Errorf("%s: %w", what, err)
	}
	p.took(what, began)
	if p.err != nil {
		began = time.Now()
		p.leave()
		p.took("the end after "+what, began)
	}
}

func (p *person) took(what string, began time.Time) {
	if took := time.Since(began); took >= p.slowest {
		p.slowest, p.why = took, what
	}
}

// login logs in and has the program started.
func (p *person) login(n *network, signer ssh.Signer) {
	p.step("login", func() error {
		c, err := n.dial(1000 + int(p.seed))
		if err != nil {
			return err
		}
		conn, channels, requests, err := ssh.NewClientConn(c, "test", &ssh.ClientConfig{
			User: p.name, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
		})
		if err != nil {
			c.Close()
			return err
		}
		p.client = ssh.NewClient(conn, channels, requests)
		return nil
	})
	p.step("session", func() (err error) {
		if p.session, err = p.client.NewSession(); err != nil {
			return err
		}
		stdin, err1 := p.session.StdinPipe()
		stdout, err2 := p.session.StdoutPipe()
		stderr, err3 := p.session.StderrPipe()
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
		p.stdin, p.stdout, p.stderr = stdin, io.TeeReader(stdout, &p.out), io.TeeReader(stderr, &p.errs)
		return p.session.Start("talk")
	})
}

// round sends a line and reads what the program answers.
func (p *person) round() {
	p.step("round", func() error {
		if _, err := io.CopyN(p.stdin, p.lines, lineSize); err != nil {
			return err
		}
		if _, err := io.CopyN(io.Discard, p.stdout, replySize); err != nil {
			return err
		}
		_, err := io.CopyN(io.Discard, p.stderr, noteSize)
		return err
	})
}

// finish ends the program as its user does, and the connection.
func (p *person) finish() {
	p.step("finish", func() error {
		if err := p.stdin.Close(); err != nil {
			return err
		}
		p.rest()
		var exit *ssh.ExitError
		if err := p.session.Wait(); !errors.As(err, &exit) || exit.ExitStatus() != status {
			return fmt.Errorf("the program ended with %w, want status %d", err, status)
		}
		p.done = true
		p.client.Close()
		return nil
	})
}

// rest reads what still comes, to its end.
func (p *person) rest() {
	both := make(chan struct{})
	go func() { // ends with the session
		defer close(both)
		io.Copy(io.Discard, p.stdout)
	}()
	io.Copy(io.Discard, p.stderr)
	<-both
}

// leave waits until the gateway has ended a connection that went wrong.
func (p *person) leave() {
	if p.stderr != nil {
		p.rest()
	}
	if p.client != nil {
		p.client.Wait()
		p.client.Close()
	}
}

// sentence is how the gateway begins what it says itself.
const sentence = "\r\nsshtrail: "

// received splits what came on standard error into the program's part and the gateway's.
func (p *person) received(all []byte) (notes []byte, told string) {
	notes, words, found := bytes.Cut(all, []byte(sentence))
	if found {
		told = strings.TrimSpace(string(words))
	}
	return notes, told
}
