// Package logs makes logs with the recorder, in a time of their own: ten hours of typing take a second.
package logs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage/file"
)

// clock is a clock that is ahead of the machine's by as much as it was told to wait.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

// Now keeps the machine's nanoseconds, which a log's size depends on.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) wait(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// Session is one session that is recorded.
type Session struct {
	log   *record.Log
	clock *clock
	err   error
	// Sent and Printed are how many bytes went either way.
	Sent, Printed int64
}

// Wait lets time pass.
func (s *Session) Wait(d time.Duration) { s.clock.wait(d) }

// In has the client send something.
func (s *Session) In(data []byte) {
	s.Sent += int64(len(data))
	s.emit(&event.IO{Stream: event.Stdin, Data: data})
}

// Out has the program print something.
func (s *Session) Out(data []byte) {
	s.Printed += int64(len(data))
	s.emit(&event.IO{Stream: event.Stdout, Data: data})
}

// Err returns what has kept the session from being recorded.
func (s *Session) Err() error { return s.err }

func (s *Session) emit(body event.Body) {
	if s.err == nil {
		s.err = s.log.Emit(0, body)
	}
}

func (s *Session) begin() {
	handshake := event.Handshake{ClientVersion: "SSH-2.0-OpenSSH_9.2p1 Debian-2", Kex: "mlkem768x25519-sha256", HostKey: "ssh-ed25519",
		CipherIn: "aes128-gcm@openssh.com", CipherOut: "aes128-gcm@openssh.com"}
	key := event.PubkeyAttempt{Username: "alice", Key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB1hkr/XJRXAUSg/+aG8OEzF/S81MEbQQE2MuaQtUd4A"}
	for _, body := range []event.Body{
		&event.Connect{RemoteAddr: "192.0.2.1", Country: "XX", RemotePort: 47110},
		&event.AuthPubkeySuccessful{PubkeyAttempt: key},
		&event.HandshakeSuccessful{Username: "alice", Handshake: handshake},
		&event.NewChannel{ChannelType: "session"},
		&event.NewChannelSuccessful{ChannelType: "session"},
		&event.Pty{Term: "xterm-256color", Columns: 120, Rows: 40},
		&event.Shell{},
	} {
		s.emit(body)
		s.Wait(time.Millisecond)
	}
}

func (s *Session) end() {
	s.emit(&event.Exit{})
	s.emit(&event.Close{By: event.ByTarget, Sent: uint64(s.Printed), Received: uint64(s.Sent)})
	s.emit(&event.Disconnect{By: event.ByClient, Reason: "connection closed"})
}

// Make records what happens in one session into a folder, which must be there, and returns
// the log's path.
func Make(ctx context.Context, dir string, happens func(*Session) error) (path string, err error) {
	store, err := file.New(file.Config{Directory: dir}, nil)
	if err != nil {
		return "", err
	}
	c := &clock{}
	r, err := record.Open(ctx, record.Config{Journal: filepath.Join(dir, ".journal"), Store: store, Sync: -1, Now: c.Now})
	if err != nil {
		return "", fmt.Errorf("open recorder: %w", err)
	}
	s := &Session{log: r.Begin(), clock: c}
	s.begin()
	err = happens(s)
	s.end()
	if err := errors.Join(err, s.err, r.Close(ctx, "the benchmark has its log")); err != nil {
		return "", fmt.Errorf("record session: %w", err)
	}
	return filepath.Join(dir, string(s.log.ID())), nil
}

// Keys has a person type so many keys, each of which comes back, pauses as pace gives them.
func Keys(n int, pace func(*rand.Rand) time.Duration) func(*Session) error {
	return func(s *Session) error {
		r := rand.New(rand.NewPCG(1, uint64(n)))
		text := []byte("ls -l /var/log | grep -v gz\rcd ../src && make test\rgit commit -m 'storage: sync once'\rvim main.go\r")
		for i := range n {
			key := text[i%len(text)]
			if r.IntN(4) == 0 {
				key = 'a' + byte(r.IntN(26)) // nobody types the same all day
			}
			s.Wait(pace(r))
			s.In([]byte{key})
			s.Wait(200*time.Microsecond + time.Duration(r.IntN(int(300*time.Microsecond))))
			s.Out([]byte{key})
		}
		return s.err
	}
}

// Lines has a program print so many lines of 80 characters, one by one, about a hundred a second.
func Lines(n int) func(*Session) error {
	return func(s *Session) error {
		r := rand.New(rand.NewPCG(2, uint64(n)))
		start := time.Date(2026, 11, 22, 10, 32, 16, 0, time.UTC)
		for i := range n {
			wait := time.Duration(r.ExpFloat64() * 10 * float64(time.Millisecond))
			s.Wait(wait)
			start = start.Add(wait)
			line := fmt.Sprintf("%s worker %d: item %07d of %07d done in %3d ms", start.Format("2006-01-02 15:04:05.000"), r.IntN(4), i, n, r.IntN(200))
			s.Out(fmt.Appendf(nil, "%-80s\r\n", line))
		}
		return s.err
	}
}

// Pieces has a program print data in pieces of 32 KiB until size bytes are printed, over
// this time.
func Pieces(data []byte, size int64, over time.Duration) func(*Session) error {
	return func(s *Session) error {
		const piece = 32 << 10
		for at := 0; s.Printed < size; at += piece {
			if at+piece > len(data) {
				at = 0
			}
			s.Wait(over / time.Duration(1+size/piece))
			s.Out(data[at : at+piece])
			if s.err != nil {
				return s.err
			}
		}
		return nil
	}
}
