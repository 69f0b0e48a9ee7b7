package s3

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/internal/s3test/hostile"
	"github.com/sshtrail/sshtrail/storage"
)

// contents are the logs of the story.
var contents = map[storage.Name][]byte{"big": pattern(5*partSize + 7), "small": pattern(9), "empty": nil}

// tell is a session of several parts, and others that are short: written, uploaded, closed. It
// checks that nothing leaves the spool before the bucket has it.
func tell(t *testing.T, when string, server *hostile.Server, cfg Config) *faultdisk.Memory {
	t.Helper()
	m := newDisk(t)
	fsys := faultdisk.NewProcess(m, provedFirst(t, when, server))
	s := newStore(t, cfg, fsys, nil)
	big := create(t, s, "big")
	write(t, big, contents["big"][:3*partSize])
	synctest.Wait()
	write(t, big, contents["big"][3*partSize:])
	finish(t, s, "small", contents["small"])
	finish(t, s, "empty", contents["empty"])
	commit(t, big)
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Errorf("%s: Close = %v", when, err)
	}
	if n := fsys.Open(); n > 0 {
		t.Errorf("%s: %d files are left open", when, n)
	}
	return m
}

// provedFirst checks, when a log is removed, that the bucket has it.
func provedFirst(t *testing.T, when string, server *hostile.Server) faultdisk.Decide {
	return func(c faultdisk.Call) faultdisk.Fault {
		for name, content := range contents {
			if c.Op != faultdisk.Remove || c.Name != "/spool/"+string(name) {
				continue
			}
			if o := server.Object(string(name)); o == nil || !bytes.Equal(o.Data, content) {
				t.Errorf("%s: %s is removed, and the bucket does not have it", when, name)
			}
		}
		return faultdisk.Fault{}
	}
}

// wantStory expects all logs of the story in the bucket, and nothing else anywhere.
func wantStory(t *testing.T, when string, server *hostile.Server, m *faultdisk.Memory, once bool) {
	t.Helper()
	for name, content := range contents {
		versions := server.Versions(string(name))
		if len(versions) == 0 {
			t.Errorf("%s: %s is not in the bucket", when, name)
		}
		for _, v := range versions[max(len(versions)-1, 0):] {
			if !bytes.Equal(v.Data, content) {
				t.Errorf("%s: %s is %.80q in the bucket, want %.80q", when, name, v.Data, content)
			}
		}
		if once && len(versions) > 1 {
			t.Errorf("%s: %s was written %d times", when, name, len(versions))
		}
	}
	if keys := server.Keys(); len(keys) != len(contents) {
		t.Errorf("%s: the bucket has %q", when, keys)
	}
	wantEmpty(t, when, m)
	if open := server.Uploads(); len(open) > 0 {
		t.Errorf("%s: uploads are left open: %v", when, open)
	}
}

// TestEveryFaultAtEveryRequest has each request of a story meet each way to fail, once or for an hour.
func TestEveryFaultAtEveryRequest(t *testing.T) {
	for account, ops := range map[string][]hostile.Op{"all": nil, "six": hostile.Six()} {
		clean := newServer(ops)
		synctest.Test(t, func(t *testing.T) {
			wantStory(t, account, clean, tell(t, account, clean, testConfig(clean)), true)
		})
		for _, e := range clean.Ledger() {
			for _, f := range hostile.Faults(e.Op) {
				synctest.Test(t, func(t *testing.T) {
					when := fmt.Sprintf("account %s, %v at %s %d", account, f, e.Op, e.N)
					server := newServer(ops)
					server.Plan(hostile.At(e.Op, e.N, f))
					m := tell(t, when, server, testConfig(server))
					wantStory(t, when, server, m, account == "all" && f.String() != hostile.Corrupt().String())
				})
			}
		}
	}
}
