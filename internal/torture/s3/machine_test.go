package s3

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/internal/s3test"
)

// TestRecoveryOnAnotherMachine has a machine die for good, with a session that has parts in the bucket
// and one that has typed a little. Another machine makes logs of what was put there.
func TestRecoveryOnAnotherMachine(t *testing.T) {
	t.Parallel()
	s := s3test.Start(t)
	r := newRemote(t, s, gatewaytest.Options{}, "flush: 1s")
	r.Serve(t)
	long := "head -c 7000000 /dev/urandom; " + counting
	sessions := map[string]*gatewaytest.Process{}
	for _, program := range []string{long, counting} {
		sessions[program] = gatewaytest.Begin(t, r.OpenSSH(t, "ssh", "gw", program))
	}
	r.partsOf(t, 1)
	seen := map[string][]byte{}
	for program, c := range sessions {
		gatewaytest.Eventually(t, "the session goes on", func() bool { return bytes.Contains(c.Out.Bytes(), []byte("\n20\n")) })
		seen[program] = c.Out.Bytes()
	}
	r.flushed(t)
	r.Kill(t)
	for _, folder := range []string{r.spool, r.Path("state")} { // the machine's disk
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
	}
	other := r.elsewhere(t)
	out := gatewaytest.Must(t, other.Command(t, "recover", "--idle", "0", "--storage", "s3://"+s.Bucket))
	if strings.Count(out, "recovered") < 2 {
		t.Errorf("it says:\n%s", out)
	}
	logs := other.logs(t)
	for program := range sessions {
		log := logs.With(t, program)
		oracle.CheckWhole(t, log, binary.Recovered)
		if d := oracle.Of(seen[program]).NoPrefix(log.Find(program)[0].Stdout); d != "" {
			t.Errorf("what the client had seen a while before the end, held against the log, %s", d)
		}
	}
	for _, u := range s.Uploads(t) {
		t.Errorf("an upload of %s is left open", u.Key)
	}
	for _, key := range s.Keys(t) {
		if strings.HasSuffix(key, ".tail") {
			t.Errorf("%s is left", key)
		}
	}
	for program, c := range sessions { // what came after that may be lost; nothing else
		if d := logs.With(t, program).Find(program)[0].Stdout.NoPrefix(oracle.Of(c.Out.Bytes())); d != "" && len(c.Out.Bytes()) > len(seen[program]) {
			t.Logf("the log has more than the client saw: %s", d)
		}
	}
}

// counting prints numbers as long as it lasts.
const counting = "n=0; while :; do echo $n; n=$((n+1)); sleep 0.02; done"

// flushed waits until the tails of all sessions were put twice more: the second time, all that was
// there before is in them.
func (r *remote) flushed(t *testing.T) {
	t.Helper()
	tails := func() map[string]string {
		found := map[string]string{}
		for _, o := range r.server.Objects(t) {
			if strings.HasSuffix(o.Key, ".tail") {
				found[o.Key] = o.ETag
			}
		}
		return found
	}
	for range 2 {
		before := tails()
		gatewaytest.Eventually(t, "the tails are put again", func() bool {
			now := tails()
			changed := 0
			for key, etag := range now {
				if before[key] != etag {
					changed++
				}
			}
			return changed >= 2
		})
	}
}

// elsewhere is a gateway on another machine, with an account that may do everything.
func (r *remote) elsewhere(t *testing.T) *remote {
	t.Helper()
	other := *r.server
	other.Limited = r.server.Root
	o := newRemote(t, &other, gatewaytest.Options{})
	return o
}
