package faults

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/auth"
	"github.com/sshtrail/sshtrail/internal/backend"
	"github.com/sshtrail/sshtrail/internal/bridge"
	"github.com/sshtrail/sshtrail/internal/config"
	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/internal/gateway"
	"github.com/sshtrail/sshtrail/internal/session"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage/file"
)

const (
	logs    = "/logs"
	journal = "/journal"
	block   = 2 << 10 // a few rounds
	patient = 15 * time.Second
)

// setting is how a gateway is set.
type setting struct {
	policy record.Policy
	sync   time.Duration
}

// onFailure is the policy as the configuration calls it.
func (s setting) onFailure() string {
	if s.policy == record.Continue {
		return "continue"
	}
	return "stop"
}

func (s setting) String() string { return "onFailure " + s.onFailure() + ", sync " + s.sync.String() }

var settings = []setting{{record.Stop, 100 * time.Millisecond}, {record.Stop, 0}, {record.Continue, 100 * time.Millisecond}, {record.Continue, 0}}

// newDisk returns a disk with the two folders on it, durable.
func newDisk(t testing.TB) *faultdisk.Memory {
	t.Helper()
	m := faultdisk.NewMemory()
	for _, dir := range []string{logs, journal} {
		if err := m.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.SyncDir("/"); err != nil {
		t.Fatal(err)
	}
	return m
}

// openRecorder opens a recorder with journal and store on fsys.
func openRecorder(fsys disk.FS, s setting, logger *slog.Logger) (*record.Recorder, error) {
	store, err := file.New(file.Config{Directory: logs}, fsys)
	if err != nil {
		return nil, err
	}
	return record.Open(context.Background(), record.Config{
		Journal: journal, FS: fsys, Store: store, Sync: s.sync, OnFailure: s.policy, Block: block,
		Own: &record.Own{Version: "test"}, Logger: logger,
	})
}

// said keeps the gateway's messages.
type said struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// house is a gateway, whole but for its network and its programs.
type house struct {
	net      *network
	said     *said
	recorder *record.Recorder

	mu       sync.Mutex
	programs map[string]*program // by user
	ids      map[string]string   // of their connections
	stop     func()
}

// keys are made once: they are not what is tried.
type keys struct{ host, client ssh.Signer }

func newKeys(t testing.TB) keys {
	t.Helper()
	var k keys
	for _, s := range []*ssh.Signer{&k.host, &k.client} {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if *s, err = ssh.NewSignerFromSigner(key); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

// openHouse starts a gateway for people on a disk.
func openHouse(t testing.TB, k keys, fsys disk.FS, s setting, people []*person) (*house, error) {
	t.Helper()
	h := &house{net: newNetwork(), said: &said{}, programs: map[string]*program{}, ids: map[string]string{}}
	logger := slog.New(slog.NewTextHandler(h.said, nil))
	var err error
	if h.recorder, err = openRecorder(fsys, s, logger); err != nil {
		return nil, err
	}
	var users []auth.User
	for _, p := range people {
		users = append(users, auth.User{Name: p.name, Keys: []string{strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k.client.PublicKey())))}})
		h.programs[p.name] = newProgram(p.name, p.seed, time.Now)
		p.program = h.programs[p.name]
	}
	methods, err := auth.NewUsers(users, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Default("/none")
	cfg.Audit.Intercept.Stdin = true
	cfg.Audit.OnFailure = s.onFailure()
	cfg.SSH.ShutdownGrace = config.Duration(time.Second)
	g := gateway.New(gateway.Parts{
		Config: cfg, HostKeys: []ssh.Signer{k.host}, Auth: methods.Methods(), Recorder: h.recorder, Logger: logger, Connect: h.connect,
	})
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() { // ends by cancel
		defer close(served)
		g.Serve(ctx, h.net)
	}()
	h.stop = func() {
		cancel()
		<-served
		ctx, cancel := withPatience()
		defer cancel()
		if err := h.recorder.Close(ctx, "stopped"); err != nil {
			io.WriteString(h.said, err.Error())
		}
	}
	return h, nil
}

func (h *house) connect(_ context.Context, c backend.Client) (bridge.Target, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ids[c.Username] = c.ConnectionID
	return session.New(host{h.programs[c.Username]}, session.Policy{}), nil
}

// id is the number of somebody's connection, empty if they were not let in.
func (h *house) id(p *person) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ids[p.name]
}

func withPatience() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patient)
}
