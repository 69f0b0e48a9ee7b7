package oracle

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Exchange is one run of a Plan, and what its two sides noted.
type Exchange struct {
	Plan
	command string
	report  string // file that the program writes

	// What the client sent and received, once Run has returned.
	sent, out, errs Content
}

// NewExchange returns an exchange that did not begin yet.
func NewExchange(t testing.TB, p Plan) *Exchange {
	t.Helper()
	x := &Exchange{Plan: p, report: filepath.Join(t.TempDir(), "report.json")}
	var err error
	if x.command, err = commandLine(p, x.report); err != nil {
		t.Fatal(err)
	}
	return x
}

// Command is the program's command line for a POSIX shell. It differs from that of every
// other Exchange, so it finds the channel in the log.
func (x *Exchange) Command() string { return x.command }

// Run runs client, which must run Command at the other end with its own standard streams
// joined to the program's, and end with the program's status. It sets client's streams.
func (x *Exchange) Run(t testing.TB, client *exec.Cmd) {
	t.Helper()
	var sent, out, errs Meter
	client.Stdin = io.TeeReader(Data(x.seed(stdinSeed), x.Stdin), &sent)
	client.Stdout, client.Stderr = &out, &errs
	err := client.Run()
	x.sent, x.out, x.errs = sent.Content(), out.Content(), errs.Content()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Errorf("run %q: %v", client.Path, err)
	} else if got := client.ProcessState.ExitCode(); got != x.Status {
		t.Errorf("the client %q ended with %v, want exit status %d", client.Path, client.ProcessState, x.Status)
	}
}

// Check holds what both sides noted, and the log, to the plan.
func (x *Exchange) Check(t testing.TB, log *Log) {
	t.Helper()
	stdin, stdout, stderr := x.Plan.Sent()
	report := x.readReport(t)
	for _, c := range []struct {
		what      string
		got, want Content
	}{
		{"what the client sent", x.sent, stdin},
		{"what the program read", report.Stdin, stdin},
		{"what the program wrote to stdout", report.Stdout, stdout},
		{"what the program wrote to stderr", report.Stderr, stderr},
		{"what the client received as stdout", x.out, stdout},
		{"what the client received as stderr", x.errs, stderr},
	} {
		if d := c.got.Diff(c.want); d != "" {
			t.Errorf("%s %s", c.what, d)
		}
	}
	Check(t, log, Session{Program: x.command, Stdin: stdin, Stdout: stdout, Stderr: stderr, Status: uint32(x.Status)})
}

func (x *Exchange) readReport(t testing.TB) Report {
	t.Helper()
	var r Report
	b, err := os.ReadFile(x.report)
	if err != nil {
		t.Errorf("read what the program reports: %v", err)
		return r
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Errorf("read what the program reports: %v", err)
	}
	return r
}
