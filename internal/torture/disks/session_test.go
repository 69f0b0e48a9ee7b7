package disks

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// session is one that goes on until its client is ended. What its sides send is "0\n1\n2\n..." as long as it lasts.
type session struct {
	*gatewaytest.Process
	kind    string
	program string // as no other session has it
	file    string // that an upload goes to
	marked  []byte // what it had seen at some moment
}

// numbers is how the numbers from 0 on begin, n bytes of them.
func numbers(n int64) []byte {
	b := make([]byte, 0, n+20)
	for i := int64(0); int64(len(b)) < n; i++ {
		b = append(strconv.AppendInt(b, i, 10), '\n')
	}
	return b[:n]
}

// begin starts one session of each kind and waits until all have seen something.
func (l *lab) begin(t *testing.T, kinds ...string) {
	t.Helper()
	for _, kind := range kinds {
		s := &session{kind: kind, file: filepath.Join(t.TempDir(), "uploaded")}
		count := "while :; do seq $n $((n+%d)); n=$((n+%d)); sleep 0.02; done"
		var args []string
		switch kind {
		case "slow":
			s.program = fmt.Sprintf(": %s; n=0; "+count, s.file, 4, 5)
		case "bulk":
			s.program = fmt.Sprintf(": %s; n=0; "+count, s.file, 4999, 5000)
		case "typing":
			s.program, args = fmt.Sprintf(": %s; stty -onlcr; cat", s.file), []string{"-tt"}
		case "upload":
			s.program = "cat >" + s.file
		}
		cmd := l.OpenSSH(t, "ssh", append(args, "gw", s.program)...)
		if kind == "typing" || kind == "upload" {
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			size := map[string]int{"typing": 3, "upload": 5000}[kind]
			go feed(in, size) // ends with its client
		}
		s.Process = gatewaytest.Begin(t, cmd)
		l.sessions = append(l.sessions, s)
	}
	for _, s := range l.sessions {
		gatewaytest.Eventually(t, s.kind+" has begun", func() bool { return len(s.seen(t)) > 0 })
	}
}

// feed writes numbers, some at a time, to a client until it ends.
func feed(in io.WriteCloser, size int) {
	defer in.Close()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for sent := int64(0); ; sent += int64(size) {
		if _, err := in.Write(numbers(sent + int64(size))[sent:]); err != nil {
			return
		}
		<-tick.C
	}
}

// seen is what the receiving side has got by now.
func (s *session) seen(t testing.TB) []byte {
	t.Helper()
	if s.kind != "upload" {
		return s.Out.Bytes()
	}
	b, err := os.ReadFile(s.file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return b
}

// recorded is what its log says that the receiving side was sent.
func (s *session) recorded(t testing.TB, log *oracle.Log) oracle.Content {
	t.Helper()
	found := log.Find(s.program)
	if len(found) != 1 {
		t.Fatalf("%s: the log has %d channels, want 1", s.kind, len(found))
	}
	if s.kind == "upload" {
		return found[0].Stdin
	}
	return found[0].Stdout
}

// check holds what the receiving side has seen to the log, and the log to what was sent.
func (s *session) check(t testing.TB, when string, seen []byte, log *oracle.Log) {
	t.Helper()
	got := s.recorded(t, log)
	if d := oracle.Of(seen).NoPrefix(got); d != "" {
		t.Errorf("%s, %s: what was seen, held against the log, %s", when, s.kind, d)
	}
	sent := oracle.Of(numbers(got.Length))
	if s.kind == "typing" {
		got = log.Find(s.program)[0].Stdin
		sent = oracle.Of(numbers(got.Length))
	}
	if d := got.NoPrefix(sent); d != "" {
		t.Errorf("%s, %s: the log, held against what was sent, %s", when, s.kind, d)
	}
}

// end ends all sessions from the client's side.
func (l *lab) end(t *testing.T) {
	t.Helper()
	for _, s := range l.sessions {
		_ = s.Cmd.Process.Kill() // it may have ended
		s.Wait(t)
	}
}

// passTime waits until the last session has seen so much more.
func (l *lab) passTime(t *testing.T, more int) {
	t.Helper()
	s := l.sessions[len(l.sessions)-1]
	enough := len(s.seen(t)) + more
	gatewaytest.Eventually(t, s.kind+" goes on", func() bool { return len(s.seen(t)) >= enough })
}
