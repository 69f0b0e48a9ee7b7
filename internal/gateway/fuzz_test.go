package gateway

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/auth"
	"github.com/sshtrail/sshtrail/internal/backend"
	"github.com/sshtrail/sshtrail/internal/bridge"
	"github.com/sshtrail/sshtrail/internal/config"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/internal/oracle"
	programs "github.com/sshtrail/sshtrail/internal/session"
	"github.com/sshtrail/sshtrail/internal/wiretest"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage/mem"
)

const password = "open sesame"

// patience is how long a connection may go on after its client has gone, in the bubble's time.
const patience = time.Minute

// FuzzMessages plays messages in any order, before the login and after it. Whatever they
// are, the connection ends with its client, nothing of it is left, and the logs are whole
// and in order.
func FuzzMessages(f *testing.F) {
	key := newSigner(f)
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		f.Fatal(err)
	}
	stored, err := auth.NewPasswordHash(string(hash))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, messages []byte) {
		synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
			users, err := auth.NewUsers([]auth.User{{Name: "good", Password: stored}}, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			store, said := mem.New(), &safeBuffer{}
			serveScript(t, Parts{HostKeys: []ssh.Signer{key}, Auth: users.Methods(), Logger: slog.New(slog.NewTextHandler(said, nil))}, store, messages)
			if s := said.String(); bytes.Contains([]byte(s), []byte("internal error")) {
				t.Error(s)
			}
			checkLogs(t, store)
		})
	})
}

// serveScript serves one client that does what messages say, and then goes.
func serveScript(t *testing.T, p Parts, store *mem.Store, messages []byte) {
	recorder, err := record.Open(t.Context(), record.Config{Journal: "/journal", FS: faultdisk.NewMemory(), Store: store, Own: &record.Own{}})
	if err != nil {
		t.Fatal(err)
	}
	p.Config, p.Recorder = config.Default("/state"), recorder
	p.Config.SSH.MaxChannels = 3
	p.Connect = func(context.Context, backend.Client) (bridge.Target, error) {
		return programs.New(&echoes{}, programs.Policy{Env: []string{"*"}}), nil
	}
	g := New(p)
	near, far := net.Pipe()
	over := make(chan struct{})
	go func() { // ends when near is closed
		defer close(over)
		g.serve(t.Context(), far)
	}()
	d := drain(near)
	s := &script{rest: messages, client: wiretest.New(d), near: d}
	s.play()
	d.Close()
	select {
	case <-over:
	case <-time.After(patience):
		t.Fatalf("the connection is there %v after its client has gone", patience)
	}
	if err := recorder.Close(context.Background(), "stopped"); err != nil {
		t.Error(err)
	}
}

// checkLogs checks that all logs are whole, and that their events have an order that
// makes sense.
func checkLogs(t *testing.T, store *mem.Store) {
	for info, err := range store.List(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		r, err := store.Open(context.Background(), info.Name)
		if err != nil {
			t.Fatal(err)
		}
		log, err := oracle.Read(io.NewSectionReader(r, 0, r.Size()))
		if err != nil {
			t.Fatal(err)
		}
		oracle.CheckWhole(t, log, binary.Complete)
		checkOrder(t, log)
	}
}

// checkOrder checks what the log's own contradictions do not cover: nothing happens on a
// connection before its login but logging in, and what was opened is closed.
func checkOrder(t *testing.T, log *oracle.Log) {
	t.Helper()
	in, ended := map[event.ConnID]bool{}, map[event.ConnID]bool{}
	for _, ev := range log.Events {
		switch ev.Body.(type) {
		case *event.HandshakeSuccessful:
			if in[ev.Conn] {
				t.Errorf("event %d: a second login", ev.Seq)
			}
			in[ev.Conn] = true
		case *event.Disconnect:
			ended[ev.Conn] = true
		case *event.GlobalRequestUnknown, *event.GlobalReply, *event.ForwardTCPIP, *event.NoTarget:
			if !in[ev.Conn] {
				t.Errorf("event %d: %T before the login", ev.Seq, ev.Body)
			}
		default:
			if ev.Body.Type().OnChannel() && !in[ev.Conn] {
				t.Errorf("event %d: %T on a channel before the login", ev.Seq, ev.Body)
			}
		}
	}
	for conn := range in {
		if !ended[conn] {
			t.Errorf("connection %s has no disconnect", conn)
		}
	}
	for _, c := range log.Channels {
		if c.Open && c.Close == nil {
			t.Errorf("channel %d is never closed", c.ID)
		}
	}
}
