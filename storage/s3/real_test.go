package s3

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/s3test"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/storagetest"
)

// realConfig is that of a store in a real server, for an account.
func realConfig(t *testing.T, server *s3test.Server, account s3test.Account) Config {
	return Config{
		Local: t.TempDir(),
		Service: Service{
			Endpoint: server.URL, Region: server.Region, Bucket: server.Bucket, PathStyle: true, CACert: []byte(server.CA),
			Keys: func() (Keys, error) { return Keys{Access: account.AccessKey, Secret: account.SecretKey}, nil },
		},
	}
}

func TestContractWithARealServer(t *testing.T) {
	server := s3test.Start(t)
	n := 0
	storagetest.Run(t, func(t *testing.T) storage.Store {
		cfg := realConfig(t, server, server.Root)
		n++
		cfg.Service.Prefix = string(rune('a'+n%26)) + string(rune('a'+n/26)) + "/"
		s := newStore(t, cfg, nil, nil)
		t.Cleanup(func() { s.Close(context.Background()) })
		return s
	})
}

// TestTheSixPermissionsAreEnough for logs of every size, with metadata that no header could take as it is, and a spool that is
// smaller than the log.
func TestTheSixPermissionsAreEnough(t *testing.T) {
	server, name := s3test.Start(t), "j\xf6rg \n\"x\": ü"
	server.KeepVersions(t)
	cfg := realConfig(t, server, server.Limited)
	cfg.Username, cfg.MaxSpool = true, 16<<20
	s := newStore(t, cfg, nil, nil)
	content := map[storage.Name][]byte{"empty": nil, "small": pattern(1000), "big": pattern(42<<20 + 1)}
	for _, log := range []storage.Name{"empty", "small", "big"} {
		w, err := s.Create(t.Context(), log, storage.About{Metadata: map[string]string{"username": name, "ip": "192.0.2.1", "timestamp": "17"}})
		if err != nil {
			t.Fatal(err)
		}
		writeSlowly(t, s, w, content[log])
		commit(t, w)
	}
	drained(t, s)
	for log, want := range content {
		if got := server.Object(t, string(log)); !bytes.Equal(got, want) {
			t.Errorf("%s has %d bytes in the bucket, want %d", log, len(got), len(want))
		}
		m := server.Metadata(t, string(log))
		if got, err := url.PathUnescape(m["username"]); err != nil || got != name || m["timestamp"] != "17" || m["ip"] != "" {
			t.Errorf("%s is told to be %q", log, m)
		}
	}
	if keys := server.Keys(t); !slices.Equal(keys, []string{"big", "empty", "small"}) || len(server.Uploads(t)) > 0 {
		t.Errorf("the bucket has %q, and open uploads %v", keys, server.Uploads(t))
	}
	if n := s.Stats().FreedBytes; n < 20<<20 {
		t.Errorf("%d bytes were freed", n)
	}
}

// writeSlowly writes as fast as the spool takes it, checks what that takes on the disk, and releases all.
func writeSlowly(t *testing.T, s *Store, w storage.Writer, content []byte) {
	t.Helper()
	const step = 1 << 20
	for at := 0; at < len(content); at += step {
		for s.Stats().SpoolBytes > 14<<20 {
			select {
			case <-t.Context().Done():
				t.Fatal(t.Context().Err())
			case <-time.After(time.Millisecond):
			}
		}
		if _, err := w.Write(content[at:min(at+step, len(content))]); err != nil {
			t.Fatal(err)
		}
		w.(storage.Releaser).Release(int64(min(at+step, len(content))))
	}
	info, err := os.Stat(filepath.Join(s.cfg.Local, "big"+partialSuffix))
	if err == nil && info.Sys().(*syscall.Stat_t).Blocks*512 > 17<<20 {
		t.Errorf("the spool takes %d bytes on the disk", info.Sys().(*syscall.Stat_t).Blocks*512)
	}
}

// TestAServerThatGoesAwayAndComesBack, killed while parts are on their way, costs nothing.
func TestAServerThatGoesAwayAndComesBack(t *testing.T) {
	server := s3test.Start(t)
	s := newStore(t, realConfig(t, server, server.Limited), nil, nil)
	w := create(t, s, "log")
	content := pattern(30 << 20)
	for at := 0; at < len(content); at += 1 << 20 {
		if _, err := w.Write(content[at : at+1<<20]); err != nil {
			t.Fatal(err)
		}
		if at == 17<<20 {
			server.Kill(t)
		}
	}
	commit(t, w)
	server.Resume(t)
	drained(t, s)
	if got := server.Object(t, "log"); !bytes.Equal(got, content) {
		t.Errorf("the log has %d bytes in the bucket, want %d", len(got), len(content))
	}
	if open := server.Uploads(t); len(open) > 0 {
		t.Errorf("uploads are left open: %v", open)
	}
}
