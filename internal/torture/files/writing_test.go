package files

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/torture"
)

// verdictOf is verify's on one log, by its id or its path.
func verdictOf(t testing.TB, config, log string) verdict {
	t.Helper()
	r := sshtrail(t, nil, "verify", "--json", "--config", config, log)
	var v verdict
	if err := json.Unmarshal([]byte(r.out), &v); err != nil || v.Status != r.Status {
		t.Fatalf("verify of %s ended with status %d and printed %q: %v", log, r.Status, r.out, err)
	}
	return v
}

// TestVerifyWhileALogIsWritten verifies a log again and again while a session fills it: it
// is open, until it is complete. It never looks tampered or truncated.
func TestVerifyWhileALogIsWritten(t *testing.T) {
	t.Parallel()
	rig := torture.New(t)
	g := gatewaytest.Start(t, gatewaytest.Local(t), gatewaytest.Options{Audit: []string{"block: 4KiB"}})
	cmd := g.OpenSSH(t, "ssh", "gw", "while dd if=/dev/urandom bs=3000 count=20 2>/dev/null; do read x <&0 || exit 0; done")
	in, err := cmd.StdinPipe()
	must(t, err)
	p := gatewaytest.Begin(t, cmd)
	p.Out.Await(t, "output", p.Ended, func(b []byte) bool { return len(b) >= 60_000 })
	var path string
	gatewaytest.Eventually(t, "the session's log has data", func() bool {
		for _, name := range g.Files(t, "logs") {
			if info, err := os.Stat(name); err == nil && info.Size() > 20_000 {
				path = name
			}
		}
		return path != ""
	})
	id := strings.TrimSuffix(filepath.Base(path), ".partial")
	for round := range rig.Rounds(15) {
		if _, err := in.Write([]byte("\n")); err != nil {
			t.Fatal(err)
		}
		for _, log := range []string{id, path} {
			if v := verdictOf(t, g.Path("config.yaml"), log); v.Verdict != "open" {
				t.Fatalf("round %d: %s is %s", round, log, v.Verdict)
			}
		}
		if r := sshtrail(t, nil, "ls", "--json", g.Path("logs")); !strings.Contains(r.out, `"verdict":"open"`) || strings.Contains(r.out, "truncated") {
			t.Fatalf("round %d: ls says\n%s", round, r.out)
		}
	}
	must(t, in.Close())
	p.Wait(t)
	gatewaytest.Eventually(t, "the log is complete", func() bool {
		v := verdictOf(t, g.Path("config.yaml"), id)
		if v.Verdict != "open" && v.Verdict != "complete" {
			t.Fatalf("at its end the log is %s", v.Verdict)
		}
		return v.Verdict == "complete"
	})
	g.Stop(t)
}

// TestNamesThatSaySomethingElse verifies logs whose names say something else than their bytes
// do, as a crash between the end mark and the renaming leaves them, or somebody's hand.
func TestNamesThatSaySomethingElse(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Local(t), gatewaytest.Options{})
	gatewaytest.Must(t, g.OpenSSH(t, "ssh", "gw", "true"))
	g.Stop(t)
	whole, err := os.ReadFile(g.Files(t, "logs")[1])
	must(t, err)
	const one, two, three = "019abc0123457def8123456789abcd01", "019abc0123457def8123456789abcd02", "019abc0123457def8123456789abcd03"
	path := func(name string) string { return g.Path("logs/" + name) }
	must(t,
		os.WriteFile(path(one+".partial"), whole, 0o600),                  // ended, and not renamed
		os.WriteFile(path(two), whole[:len(whole)-50], 0o600),             // renamed, and not ended
		os.WriteFile(path(three), whole, 0o600),                           // both names
		os.WriteFile(path(three+".partial"), whole[:len(whole)/2], 0o600), // the finished one counts
	)
	want := map[string]string{one: "complete", two: "truncated", three: "complete"}
	look := func() {
		for id, verdict := range want {
			if v := verdictOf(t, g.Path("config.yaml"), id); v.Verdict != verdict {
				t.Errorf("%s is %s, want %s", id, v.Verdict, verdict)
			}
		}
	}
	look()
	r := sshtrail(t, nil, "recover", "--config", g.Path("config.yaml"))
	if !strings.Contains(r.out, one) || strings.Contains(r.out, two) {
		t.Errorf("recover without journals ended with status %d and says\n%s", r.Status, r.out)
	}
	look()
	for id, verdict := range want {
		if b, err := os.ReadFile(path(id)); err == nil && verdict == "complete" && string(b) != string(whole) {
			t.Errorf("recover has changed %s", id)
		}
	}
}

// TestRecoverHostileLogs kills a gateway, and puts files of every form in the place of the
// log that it was writing. Recovery leaves them as they are. With the log back in its
// place it finishes that, as if nothing had happened.
func TestRecoverHostileLogs(t *testing.T) {
	t.Parallel()
	rig := torture.New(t)
	g := gatewaytest.Start(t, gatewaytest.Local(t), gatewaytest.Options{Audit: []string{"block: 4KiB"}})
	p := gatewaytest.Begin(t, g.OpenSSH(t, "ssh", "gw", "head -c 60000 /dev/urandom; exec sleep 1000"))
	p.Out.Await(t, "output", p.Ended, func(b []byte) bool { return len(b) >= 60_000 })
	logs := g.Files(t, "logs")
	path := logs[len(logs)-1]
	g.Kill(t)
	p.Wait(t)
	original, err := os.ReadFile(path)
	must(t, err)
	bad := slices.DeleteFunc(forms(), func(f form) bool {
		return f.status == 3 || f.status == 0 && !strings.HasPrefix(f.name, "foreign") // those it finishes
	})
	for _, f := range some(rig, bad, 10) {
		b := f.make(t, 1)
		must(t, os.WriteFile(path, b, 0o600))
		r := sshtrail(t, nil, "recover", "--config", g.Path("config.yaml"))
		if got, err := os.ReadFile(path); err != nil || string(got) != string(b) || r.Status != 1 {
			t.Errorf("%s: recover ended with status %d, and the file has %d bytes of %d (%v); it says\n%s%s", f.name, r.Status, len(got), len(b), err, r.out, r.errs)
		}
	}
	must(t, os.WriteFile(path, original, 0o600))
	r := sshtrail(t, nil, "recover", "--config", g.Path("config.yaml"))
	if v := verdictOf(t, g.Path("config.yaml"), strings.TrimSuffix(filepath.Base(path), ".partial")); v.Verdict != "recovered" || r.Status != 0 {
		t.Errorf("the log itself is %s; recover says\n%s%s", v.Verdict, r.out, r.errs)
	}
}
