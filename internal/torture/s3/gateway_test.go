package s3

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/internal/s3test"
)

// remote is a gateway that keeps its logs in a bucket.
type remote struct {
	*gatewaytest.Gateway
	server *s3test.Server
	spool  string
	// repeats says that a log may be written to the bucket again, with the same bytes.
	repeats bool
}

// newRemote makes a gateway for a server, and does not start it. Lines are added to its block s3.
func newRemote(t *testing.T, s *s3test.Server, o gatewaytest.Options, lines ...string) *remote {
	t.Helper()
	r := &remote{server: s, spool: t.TempDir()}
	if err := os.Chmod(r.spool, 0o700); err != nil {
		t.Fatal(err)
	}
	o.Audit = append(o.Audit, "storage: s3", "s3:")
	for _, line := range append(r.block(s.Limited), lines...) {
		o.Audit = append(o.Audit, "  "+line)
	}
	r.Gateway = gatewaytest.New(t, gatewaytest.Local(t), o)
	return r
}

func (r *remote) block(a s3test.Account) []string {
	return []string{
		fmt.Sprintf("local: %q", r.spool), fmt.Sprintf("endpoint: %q", r.server.URL), "region: " + r.server.Region,
		"bucket: " + r.server.Bucket, "pathStyleAccess: true", "accessKey: " + a.AccessKey,
		fmt.Sprintf("secretKey: %q", a.SecretKey), fmt.Sprintf("cacert: %q", r.server.CA),
	}
}

// waits lists what is in the spool of logs that are not in the bucket.
func (r *remote) waits(t testing.TB) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(r.spool)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !strings.HasSuffix(e.Name(), ".done") {
			names = append(names, e.Name())
		}
	}
	return names
}

// logs reads all logs that are in the bucket.
func (r *remote) logs(t testing.TB) *gatewaytest.Logs {
	t.Helper()
	l := &gatewaytest.Logs{}
	for _, key := range r.server.Keys(t) {
		if strings.HasSuffix(key, ".tail") {
			continue
		}
		log, err := oracle.Read(bytes.NewReader(r.server.Object(t, key)))
		if err != nil {
			t.Fatalf("read log %s: %v", key, err)
		}
		if len(oracle.Bodies[*event.GatewayStart](log)) > 0 {
			l.Own = append(l.Own, log)
		} else {
			l.Sessions = append(l.Sessions, log)
		}
	}
	return l
}

// finish stops the gateway, whose server must be there, and returns the logs in the bucket: all good,
// once, and nothing left elsewhere.
func (r *remote) finish(t *testing.T) *gatewaytest.Logs {
	t.Helper()
	r.Stop(t)
	for _, name := range r.waits(t) {
		t.Errorf("%s is left in the spool", name)
	}
	for _, u := range r.server.Uploads(t) {
		t.Errorf("an upload of %s is left open", u.Key)
	}
	seen := map[string]int64{}
	for _, o := range r.server.Objects(t) {
		if size, again := seen[o.Key]; again && !strings.HasSuffix(o.Key, ".tail") && (!r.repeats || size != o.Size) {
			t.Errorf("%s was written twice: %d bytes and %d", o.Key, size, o.Size)
		}
		seen[o.Key] = o.Size
	}
	return r.logs(t)
}

// whole checks that all logs are complete.
func whole(t *testing.T, logs *gatewaytest.Logs) {
	t.Helper()
	for _, log := range logs.All() {
		oracle.CheckWhole(t, log, binary.Complete)
	}
}

// partsOf waits until so many parts of an upload are there, and returns the upload.
func (r *remote) partsOf(t *testing.T, n int) s3test.Upload {
	t.Helper()
	var found s3test.Upload
	gatewaytest.Eventually(t, fmt.Sprintf("%d parts are uploaded", n), func() bool {
		for _, u := range r.server.Uploads(t) {
			if found = u; len(r.server.Parts(t, u)) >= n {
				return true
			}
		}
		return false
	})
	return found
}

// exchange is a session that sends what does not compress.
func exchange(t *testing.T, seed uint64, size int64) *oracle.Exchange {
	t.Helper()
	return oracle.NewExchange(t, oracle.Plan{Seed: seed, Stdin: 1000, Stdout: size, Stderr: 100, Status: 3})
}

func (r *remote) run(t *testing.T, x *oracle.Exchange) {
	t.Helper()
	x.Run(t, r.OpenSSH(t, "ssh", "gw", x.Command()))
}

// gate is a program that prints size bytes that don't compress, and ends when the file that it
// returns is there.
func gate(t *testing.T, size int64) (program, file string) {
	file = filepath.Join(t.TempDir(), "go")
	return fmt.Sprintf("head -c %d /dev/urandom; while [ ! -e %s ]; do sleep 0.02; done; echo end", size, file), file
}

// TestSessionsGoUp records sessions to a server over TLS, with the account that the documentation
// asks for: parts while the session goes on, short logs as a whole, each once.
func TestSessionsGoUp(t *testing.T) {
	t.Parallel()
	s := s3test.Start(t)
	s.KeepVersions(t)
	r := newRemote(t, s, gatewaytest.Options{}, "metadata: {username: true, ip: true}")
	r.Serve(t)
	short, long := exchange(t, 1, 1000), exchange(t, 2, 12<<20)
	r.run(t, short)
	r.run(t, long)
	gatewaytest.Eventually(t, "the log of the session that has ended is there", func() bool { return len(s.Uploads(t)) == 0 })
	program, file := gate(t, 11<<20)
	c := gatewaytest.Begin(t, r.OpenSSH(t, "ssh", "gw", program))
	key := r.partsOf(t, 2).Key
	gatewaytest.WriteFile(t, file, "")
	if status := c.Wait(t); status != 0 {
		t.Errorf("the client ended with status %d", status)
	}
	logs := r.finish(t)
	whole(t, logs)
	if len(logs.Own) != 1 || len(logs.Sessions) != 3 {
		t.Fatalf("the bucket has %d logs of the gateway's and %d of sessions, want 1 and 3", len(logs.Own), len(logs.Sessions))
	}
	short.Check(t, logs.With(t, short.Command()))
	long.Check(t, logs.With(t, long.Command()))
	streamed := logs.With(t, program)
	if d := streamed.Find(program)[0].Stdout.Diff(oracle.Of(c.Out.Bytes())); d != "" {
		t.Errorf("the log of the session whose parts were seen %s", d)
	}
	m := s.Metadata(t, key)
	if m["username"] != r.User || m["ip"] != "127.0.0.1" || m["authenticated"] != "true" || m["timestamp"] == "" {
		t.Errorf("the metadata of a log is %v", m)
	}
}

// TestUploadAbortedBehindItsBack aborts the upload of a session that goes on, as a rule of the
// bucket's may.
func TestUploadAbortedBehindItsBack(t *testing.T) {
	t.Parallel()
	s := s3test.Start(t)
	r := newRemote(t, s, gatewaytest.Options{})
	r.Serve(t)
	program, file := gate(t, 11<<20)
	c := gatewaytest.Begin(t, r.OpenSSH(t, "ssh", "gw", program))
	s.Abort(t, r.partsOf(t, 2))
	gatewaytest.WriteFile(t, file, "")
	c.Wait(t)
	logs := r.finish(t)
	whole(t, logs)
	if d := logs.With(t, program).Find(program)[0].Stdout.Diff(oracle.Of(c.Out.Bytes())); d != "" {
		t.Errorf("the log %s", d)
	}
}

// TestTheServerGoesAway has sessions run, begin and end while there is no server, and the gateway be
// restarted without it.
func TestTheServerGoesAway(t *testing.T) {
	t.Parallel()
	s := s3test.Start(t)
	s.KeepVersions(t)
	r := newRemote(t, s, gatewaytest.Options{})
	s.Kill(t)
	r.Serve(t) // it starts all the same
	before := exchange(t, 1, 6<<20)
	r.run(t, before)
	s.Resume(t)
	program, file := gate(t, 11<<20)
	c := gatewaytest.Begin(t, r.OpenSSH(t, "ssh", "gw", program))
	r.partsOf(t, 1)
	s.Kill(t)
	during := exchange(t, 2, 6<<20)
	r.run(t, during)
	gatewaytest.WriteFile(t, file, "")
	c.Wait(t)
	r.Signal(t, 15)
	if status := r.Wait(t); status != 0 {
		t.Errorf("without a server the gateway ended with status %d:\n%s", status, r.Errs)
	}
	if len(r.waits(t)) == 0 {
		t.Error("nothing waits in the spool, though there is no server")
	}
	r.Serve(t)
	after := exchange(t, 3, 1000)
	r.run(t, after)
	s.Resume(t)
	logs := r.finish(t)
	whole(t, logs)
	for _, x := range []*oracle.Exchange{before, during, after} {
		x.Check(t, logs.With(t, x.Command()))
	}
	if d := logs.With(t, program).Find(program)[0].Stdout.Diff(oracle.Of(c.Out.Bytes())); d != "" {
		t.Errorf("the log of the session during which the server went away %s", d)
	}
	if len(logs.Own) != 2 {
		t.Errorf("there are %d logs of the gateway's, want one for each start", len(logs.Own))
	}
}
