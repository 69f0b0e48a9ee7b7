package oracle_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/mem"
)

func TestMain(m *testing.M) {
	oracle.RunProgram()
	os.Exit(m.Run())
}

// witness is a testing.TB that notes failures in place of having them.
type witness struct {
	testing.TB
	failures []string
}

func (w *witness) Helper() {}

func (w *witness) Errorf(format string, args ...any) {
	w.failures = append(w.failures, fmt.Sprintf(format, args...))
}

// step is one event to be recorded.
type step struct {
	channel uint64
	body    event.Body
}

// logOf records steps after a login, and a disconnect after them.
func logOf(t *testing.T, steps []step) *oracle.Log {
	t.Helper()
	store := mem.New()
	r, err := record.Open(t.Context(), record.Config{Journal: t.TempDir(), Store: store})
	if err != nil {
		t.Fatal(err)
	}
	l := r.Begin()
	all := append([]step{{0, &event.Connect{Country: "XX"}}, {0, &event.HandshakeSuccessful{Username: "alice"}}}, steps...)
	for _, s := range append(all, step{0, &event.Disconnect{By: event.ByClient}}) {
		if err := l.Emit(s.channel, s.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(t.Context(), "over"); err != nil {
		t.Fatal(err)
	}
	log, err := oracle.Read(bytes.NewReader(stored(t, store, storage.Name(l.ID()))))
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func stored(t *testing.T, s storage.Store, name storage.Name) []byte {
	t.Helper()
	r, err := s.Open(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// session is a good session on channel 4, of which a test may spoil a step.
func session() []step {
	return []step{
		{4, &event.NewChannel{ChannelType: "session"}},
		{4, &event.NewChannelSuccessful{ChannelType: "session"}},
		{4, &event.SetEnv{Name: "LANG", Value: "C"}},
		{4, &event.Exec{Program: "work"}},
		{4, &event.RequestAccepted{}},
		{4, &event.IO{Stream: event.Stdin, Data: []byte("in")}},
		{4, &event.CloseWrite{By: event.ByClient}},
		{4, &event.IO{Stream: event.Stdout, Data: []byte("out, first ")}},
		{4, &event.IO{Stream: event.Stderr, Data: []byte("error")}},
		{4, &event.IO{Stream: event.Stdout, Data: []byte("and last")}},
		{4, &event.CloseWrite{By: event.ByTarget}},
		{4, &event.Exit{ExitStatus: 3}},
		{4, &event.Close{By: event.ByTarget, Received: 2, Sent: 24}},
	}
}

func want() oracle.Session {
	return oracle.Session{
		Program: "work", Status: 3,
		Stdin: oracle.Of([]byte("in")), Stdout: oracle.Of([]byte("out, first and last")), Stderr: oracle.Of([]byte("error")),
	}
}

func TestCheckFindsWhatIsWrong(t *testing.T) {
	drop := func(i int) func([]step) []step {
		return func(s []step) []step { return append(s[:i:i], s[i+1:]...) }
	}
	replace := func(i int, body event.Body) func([]step) []step {
		return func(s []step) []step { s[i].body = body; return s }
	}
	insert := func(i int, body event.Body) func([]step) []step {
		return func(s []step) []step { return append(s[:i:i], append([]step{{4, body}}, s[i:]...)...) }
	}
	swap := func(i, j int) func([]step) []step {
		return func(s []step) []step { s[i], s[j] = s[j], s[i]; return s }
	}
	out := &event.IO{Stream: event.Stdout, Data: []byte("more")}
	for name, c := range map[string]struct {
		change func([]step) []step
		want   string // within a failure; empty: none
	}{
		"nothing":      {func(s []step) []step { return s }, ""},
		"input lost":   {drop(5), "stdin in the log has 0 bytes"},
		"tail lost":    {drop(9), `first difference is at byte 11: its end, want "and last"`},
		"order":        {swap(7, 9), `first difference is at byte 0: "and lastout, first ", want "out, first and last"`},
		"wrong byte":   {replace(8, &event.IO{Stream: event.Stderr, Data: []byte("errxr")}), `stderr in the log has 5 bytes`},
		"other stream": {replace(8, &event.IO{Stream: event.Stdout, Data: []byte("error")}), "stderr in the log has 0 bytes"},
		"wrong status": {replace(11, &event.Exit{ExitStatus: 4}), "exit status 4, want 3"},
		"no status":    {drop(11), "exit status none, want 3"},
		"signal":       {replace(11, &event.ExitSignal{Signal: "TERM"}), `exit signal "TERM", want ""`},
		"no close":     {drop(12), "it was never closed"},
		"wrong counts": {replace(12, &event.Close{Received: 2, Sent: 23}), "2 bytes received and 23 sent, want 2 and 24"},
		"program twice": {func(s []step) []step {
			return append(s, step{5, &event.NewChannel{ChannelType: "session"}}, step{5, &event.Exec{Program: "work"}})
		}, "has 2 channels with the program"},
		"other program":      {replace(3, &event.Exec{Program: "play"}), "has 0 channels with the program"},
		"output too early":   {insert(3, out), "output on channel 4 before anything was started"},
		"output after EOF":   {insert(11, out), "data on channel 4 after the target's end-of-file"},
		"input after EOF":    {insert(7, &event.IO{Data: []byte("x")}), "data on channel 4 after the client's end-of-file"},
		"event after close":  {insert(13, out), "channel 4 is closed already"},
		"channel never open": {drop(0), "channel 4 was never asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			w := &witness{TB: t}
			oracle.Check(w, logOf(t, c.change(session())), want())
			all := strings.Join(w.failures, "\n")
			if c.want == "" && all != "" || !strings.Contains(all, c.want) {
				t.Errorf("Check says %q, want %q", all, c.want)
			}
		})
	}
}

func TestChannel(t *testing.T) {
	steps := append(session()[:4:4], step{4, &event.Pty{Term: "vt100", Columns: 80}}, step{4, &event.Window{Columns: 90}}, step{4, &event.RequestFailed{RequestID: 9, Reason: "no"}},
		step{5, &event.NewChannelDirectTCPIP{HostToConnect: "db"}}, step{5, &event.NewChannelFailed{ChannelType: "direct-tcpip", Reason: "not here"}})
	log := logOf(t, steps)
	if len(log.Channels) != 2 || len(log.Flaws) != 0 {
		t.Fatalf("Read gives %d channels and flaws %q, want 2 and none", len(log.Channels), log.Flaws)
	}
	got := fmt.Sprintf("%s %q %s %d %d %q, %s %q", log.Channels[0].Request, log.Channels[0].Env, log.Channels[0].PTY.Term,
		log.Channels[0].PTY.Columns, log.Channels[0].Windows[0].Columns, log.Channels[0].Failed, log.Channels[1].Type, log.Channels[1].Refused)
	if want := `exec ["LANG=C"] vt100 80 90 ["no"], direct-tcpip "not here"`; got != want {
		t.Errorf("Read gives %s, want %s", got, want)
	}
	if n := len(oracle.Bodies[*event.Window](log)); n != 1 {
		t.Errorf("Bodies finds %d windows, want 1", n)
	}
}

func TestCheckWholeWantsTheVerdict(t *testing.T) {
	w := &witness{TB: t}
	log, err := oracle.Read(strings.NewReader("ContainerSSH-Auditlog"))
	if err != nil {
		t.Fatal(err)
	}
	oracle.CheckWhole(w, log, binary.Complete)
	if len(w.failures) != 1 || !strings.Contains(w.failures[0], "the log is truncated") {
		t.Errorf("CheckWhole says %q, want that the log is truncated", w.failures)
	}
}

func TestReadGivesTheErrorOfItsReader(t *testing.T) {
	if _, err := oracle.Read(iotest.ErrReader(io.ErrNoProgress)); err == nil {
		t.Error("Read of a reader that fails = nil, want its error")
	}
}

func TestContent(t *testing.T) {
	whole := oracle.Of([]byte("abcdef"))
	for _, c := range []struct {
		got       string
		isPrefix  bool
		different bool
	}{{"abcdef", true, false}, {"abc", true, true}, {"", true, true}, {"abx", false, true}, {"abcdefg", false, true}} {
		got := oracle.Of([]byte(c.got))
		if s := got.NoPrefix(whole); (s == "") != c.isPrefix {
			t.Errorf("NoPrefix(%q) = %q", c.got, s)
		}
		if s := got.Diff(whole); (s != "") != c.different {
			t.Errorf("Diff(%q) = %q", c.got, s)
		}
	}
}

func TestDataIsTheSameHoweverItIsRead(t *testing.T) {
	want := oracle.DataContent(7, 100_000)
	var m oracle.Meter
	if _, err := io.Copy(&m, iotest.OneByteReader(oracle.Data(7, 100_000))); err != nil {
		t.Fatal(err)
	}
	if d := m.Content().Diff(want); d != "" {
		t.Errorf("Data read byte by byte %s", d)
	}
	if m.Content().Diff(oracle.DataContent(8, 100_000)) == "" {
		t.Error("Data of another seed is the same")
	}
}

// plan is what the exchanges below do, without a recorder.
var plan = oracle.Plan{Seed: 1, Stdin: 300_000, Stdout: 200_001, Stderr: 70_000, Status: 7}

func TestExchange(t *testing.T) {
	x := oracle.NewExchange(t, plan)
	x.Run(t, exec.Command("sh", "-c", x.Command()))
	stdin, stdout, stderr := x.Sent()
	log := logOf(t, recorded(x, stdin.Bytes, stdout.Bytes, stderr.Bytes))
	x.Check(t, log)

	w := &witness{TB: t}
	stdout.Bytes[150_000] ^= 1 // as a buffer does that is used again
	x.Check(w, logOf(t, recorded(x, stdin.Bytes, stdout.Bytes, stderr.Bytes)))
	if len(w.failures) != 1 || !strings.Contains(w.failures[0], "the first difference is at byte 150000") {
		t.Errorf("Check says %q, want where the wrong byte is", w.failures)
	}
}

// recorded is the log of an exchange.
func recorded(x *oracle.Exchange, stdin, stdout, stderr []byte) []step {
	return []step{
		{0, &event.NewChannel{ChannelType: "session"}},
		{0, &event.NewChannelSuccessful{ChannelType: "session"}},
		{0, &event.Exec{Program: x.Command()}},
		{0, &event.IO{Stream: event.Stdin, Data: stdin}},
		{0, &event.IO{Stream: event.Stdout, Data: stdout}},
		{0, &event.IO{Stream: event.Stderr, Data: stderr}},
		{0, &event.Exit{ExitStatus: uint32(x.Status)}},
		{0, &event.Close{Received: uint64(len(stdin)), Sent: uint64(len(stdout) + len(stderr))}},
	}
}

func TestExchangeFindsWhatTheWayLost(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"input":  {"head -c 1000 | %s", "what the program read has 1000 bytes"},
		"output": {"%s | head -c 1000", "what the client received as stdout has 1000 bytes"},
		"errors": {"{ %s; } 2>/dev/null", "what the client received as stderr has 0 bytes"},
		"status": {"(%s); true", "ended with exit status 0, want exit status 7"},
	} {
		t.Run(name, func(t *testing.T) {
			x := oracle.NewExchange(t, plan)
			w := &witness{TB: t}
			x.Run(w, exec.Command("bash", "-c", fmt.Sprintf(c.script, x.Command())))
			stdin, stdout, stderr := x.Sent()
			x.Check(w, logOf(t, recorded(x, stdin.Bytes, stdout.Bytes, stderr.Bytes)))
			if !strings.Contains(strings.Join(w.failures, "\n"), c.want) {
				t.Errorf("Check says %q, want %q", w.failures, c.want)
			}
		})
	}
}
