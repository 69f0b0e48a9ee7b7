package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/oracle"
)

// sftp puts a file there, looks after it, gets it back and removes it.
func (c *client) sftp() error {
	k := &talk{command: "sftp"} // what it is to say is not known before
	c.begins(k)
	ch, requests, err := c.ssh.OpenChannel("session", nil)
	if err != nil {
		return fmt.Errorf("open channel: %w", err)
	}
	defer ch.Close()
	ended := make(chan error, 1)
	go func() { ended <- exitStatus(requests) }() // ends with the channel
	ok, err := ch.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{"sftp"}))
	if err != nil || !ok {
		return fmt.Errorf("start sftp: granted: %v, %w", ok, orNil(err))
	}
	files, err := sftp.NewClientPipe(io.TeeReader(ch, &k.out), struct {
		io.Writer
		io.Closer
	}{io.MultiWriter(&k.sent, ch), closer(ch.CloseWrite)})
	if err != nil {
		return fmt.Errorf("begin sftp: %w", err)
	}
	err = errors.Join(c.transfer(files), files.Close())
	files.Wait() // with the reason of its end, which is that we closed it
	if err := errors.Join(err, <-ended); err != nil {
		return fmt.Errorf("sftp: %w", err)
	}
	k.stdin, k.stdout = k.sent.Content(), k.out.Content()
	return nil
}

type closer func() error

func (c closer) Close() error { return c() }

// exitStatus waits for the end of a channel whose program must end well.
func exitStatus(requests <-chan *ssh.Request) error {
	err := errors.New("it ended without a status")
	for r := range requests {
		if r.Type == "exit-status" && bytes.Equal(r.Payload, make([]byte, 4)) {
			err = nil
		}
		if r.WantReply {
			r.Reply(false, nil)
		}
	}
	return err
}

func (c *client) transfer(files *sftp.Client) error {
	p := c.pool.piece(c.rand, c.most())
	name := filepath.Join(filepath.Dir(c.pool.path), c.token)
	f, err := files.Create(name)
	if err != nil {
		return err
	}
	_, err = f.ReadFrom(bytes.NewReader(p.Bytes))
	if err := errors.Join(err, f.Close(), files.Rename(name, name+".new")); err != nil {
		return err
	}
	if f, err = files.Open(name + ".new"); err != nil {
		return err
	}
	var back oracle.Meter
	_, err = f.WriteTo(&back)
	if err := errors.Join(err, f.Close(), files.Remove(name+".new")); err != nil {
		return err
	}
	if d := back.Content().Diff(p.Content); d != "" {
		return fmt.Errorf("the file that comes back %s", d)
	}
	return nil
}
