package transcript

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/tapetest"
	"github.com/sshtrail/sshtrail/replay"
	"github.com/sshtrail/sshtrail/replay/screen"
)

var update = flag.Bool("update", false, "write the golden files")

// write returns the transcript of a log's channel 0.
func write(t testing.TB, tape *tapetest.Tape, o Options) string {
	t.Helper()
	l := tape.Open()
	var out bytes.Buffer
	if err := Write(&out, replay.NewPlayer(l, l.Channel(0)), o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestRecordings writes down the recordings that the emulator is tested with.
func TestRecordings(t *testing.T) {
	held := []string{ // the others are only checked
		"alternate", "combining", "htop", "invalid", "less", "man", "nopty", "random-0", "resize", "shell", "split", "tmux", "top", "vim", "wide", "wrap",
	}
	for name, tape := range tapetest.Recordings(t) {
		t.Run(name, func(t *testing.T) {
			got := write(t, tape(t), Options{})
			checkShape(t, got)
			if !slices.Contains(held, name) {
				return
			}
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatalf("%v: go test ./replay/transcript -update", err)
			}
			if got != string(want) {
				t.Errorf("the transcript is\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// checkShape wants a time and a sign in each line, and nothing that acts on a terminal.
func checkShape(t testing.TB, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 2 || !strings.Contains("|:*", words[1]) || !strings.HasSuffix(line, "\n") {
			t.Fatalf("line %q has no time and sign", line)
		}
		if _, err := time.ParseDuration(words[0]); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		for _, r := range strings.TrimSuffix(line, "\n") {
			if unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Fatalf("line %q has %q", line, r)
			}
		}
	}
}

func TestWhatIsWritten(t *testing.T) {
	const second = time.Second
	for _, test := range []struct {
		name string
		make func(*tapetest.Tape)
		o    Options
		want string
	}{
		{"a shell", func(w *tapetest.Tape) {
			w.Print(second, 0, "$ ")
			w.Print(second, 0, "mkae\b\b\b\x1b[Kake\r\n")
			w.Print(3*second, 0, "a line that is longer than the terminal\r\n")
			w.Print(second, 0, "10%\r90%\r\n\r\n$ \x1b[31mexit\x1b[m   ")
		}, Options{}, `
      0.0s * terminal 20×4
      0.0s * shell
      2.0s | $ make
      5.0s | a line that is longer than the terminal
      6.0s | 90%
      6.0s |
      6.0s | $ exit
      7.0s * exit status 0
`},
		{"what happened is in its time", func(w *tapetest.Tape) {
			w.Print(second, 0, "one\r\n")
			w.Resize(second, 0, 30, 5)
			w.Print(second, 0, "two\r\n")
			w.Add(second, 0, &event.Exec{Program: "a\n0.0s | b\u202e"}, &event.Gap{Reason: "disk\x1b[full"})
			w.Print(second, 0, "three")
		}, Options{}, `
      0.0s * terminal 20×4
      0.0s * shell
      1.0s | one
      2.0s * resized to 30×5
      3.0s | two
      4.0s * program "a\n0.0s | b\u202e"
      4.0s * something is missing here: "disk\x1b[full"
      5.0s | three
      6.0s * exit status 0
`},
		{"an editor", func(w *tapetest.Tape) {
			w.Print(second, 0, "$ vi\r\n")
			w.Print(second, 0, "\x1b[?1049h\x1b[H\x1b[2J1\r\n2\r\n3\r\n4")
			w.Print(5*second, 0, "\x1b[Hx")
			w.Print(2*second, 0, "y")
			w.Print(2*second, 0, "z") // 10 s: now it is written
			w.Print(2*second, 0, "\x1b[H\x1b[2Ja\r\nb\r\nc\r\nd")
			w.Print(second/10, 0, "\x1b[4;1H:q")
			w.Print(second/10, 0, "\x1b[?1049l")
			w.Print(second, 0, "$ ")
		}, Options{}, `
      0.0s * terminal 20×4
      0.0s * shell
      1.0s | $ vi
      2.0s * full screen 20×4
      2.0s : 1
      2.0s : 2
      2.0s : 3
      2.0s : 4
     11.0s * full screen 20×4
     11.0s : xyz
     11.0s : 2
     11.0s : 3
     11.0s : 4
     13.1s * full screen 20×4
     13.1s : a
     13.1s : b
     13.1s : c
     13.1s : :q
     14.2s | $
     15.2s * exit status 0
`},
		{"a screen that never rests", func(w *tapetest.Tape) {
			w.Print(second, 0, "\x1b[?1049h")
			for i := range 30 {
				w.Print(second*9/10, 0, "\x1b[H"+strings.Repeat(string(rune('a'+i)), 70))
			}
		}, Options{}, `
      0.0s * terminal 20×4
      0.0s * shell
     10.9s * full screen 20×4
     10.9s : kkkkkkkkkkkkkkkkkkkk
     10.9s : kkkkkkkkkkkkkkkkkkkk
     10.9s : kkkkkkkkkkkkkkkkkkkk
     10.9s : kkkkkkkkkk
     20.8s * full screen 20×4
     20.8s : vvvvvvvvvvvvvvvvvvvv
     20.8s : vvvvvvvvvvvvvvvvvvvv
     20.8s : vvvvvvvvvvvvvvvvvvvv
     20.8s : vvvvvvvvvv
     28.0s * full screen 20×4
     28.0s : ~~~~~~~~~~~~~~~~~~~~
     28.0s : ~~~~~~~~~~~~~~~~~~~~
     28.0s : ~~~~~~~~~~~~~~~~~~~~
     28.0s : ~~~~~~~~~~
     29.0s * exit status 0
`},
		{"a part", func(w *tapetest.Tape) {
			for i := range 9 {
				w.Print(second, 0, strings.Repeat("\r\n", min(i, 1))+"line "+string(rune('1'+i)))
			}
		}, Options{From: 4500 * time.Millisecond, To: 6 * second}, `
      4.5s | line 1
      4.5s | line 2
      4.5s | line 3
      4.5s | line 4
      5.0s | line 5
      6.0s | line 6
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			tape := tapetest.New(t)
			tape.Session(0, 20, 4, "")
			test.make(tape)
			tape.Exit(time.Second, 0, 0)
			got := write(t, tape, test.o)
			if want := strings.TrimPrefix(test.want, "\n"); got != want {
				t.Errorf("the transcript is\n%swant\n%s", got, want)
			}
			checkShape(t, got)
		})
	}
}

// TestHostile wants no output to look like another line, or to act on a terminal.
func TestHostile(t *testing.T) {
	w := tapetest.New(t)
	w.Session(0, 80, 24, "\x1b]0;title\a\n1.0s * exit status 0")
	for _, s := range tapetest.Hostile() {
		w.Print(time.Millisecond, 0, s)
		w.Print(time.Millisecond, 0, "\n\r\u0085\u2028\u2029\v\f1.0s * exit status 0\n")
		w.Print(2*time.Second, 0, "\x1b\\\x18\x1b[?1049h"+s+"\n1.0s * exit status 0")
		w.Print(time.Millisecond, 0, "\x1b\\\x18\x1b[?1049l")
	}
	w.Exit(time.Second, 0, 1)
	text := write(t, w, Options{})
	checkShape(t, text)
	if n := strings.Count(text, "* exit status 0\n") - strings.Count(text, "| 1.0s * exit status 0\n") - strings.Count(text, ": 1.0s * exit status 0\n"); n != 0 {
		for line := range strings.Lines(text) {
			if words := strings.Fields(line); words[1] == "*" && strings.HasSuffix(line, "* exit status 0\n") {
				t.Errorf("a forged line: %q", line)
			}
		}
	}
	if !strings.HasSuffix(text, " * exit status 1\n") {
		t.Errorf("the transcript ends in %q", text[max(0, len(text)-200):])
	}
}

// scale counts what is written, and weighs the heap at every megabyte of it.
type scale struct{ n, next, most int }

func (s *scale) Write(p []byte) (int, error) {
	if s.n += len(p); s.n >= s.next {
		s.next = s.n + 1<<20
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		s.most = max(s.most, int(m.HeapAlloc))
	}
	return len(p), nil
}

// TestMemory writes a line of 6 MB, and a large full screen 20 times.
func TestMemory(t *testing.T) {
	w := tapetest.New(t)
	w.Session(0, 1000, 500, "")
	long := strings.Repeat("0123456789", 3000)
	for range 200 {
		w.Print(time.Millisecond, 0, long)
	}
	w.Print(0, 0, "\x1b[?1049h")
	for i := range 20 {
		w.Print(2*time.Second, 0, "\x1b[H"+strings.Repeat(string(rune('0'+i%10)), 500_000))
	}
	w.Exit(time.Second, 0, 0)
	l := w.Open()
	var out, before scale
	p := replay.NewPlayer(l, l.Channel(0))
	before.Write(nil)
	if err := Write(&out, p, Options{}); err != nil {
		t.Fatal(err)
	}
	if out.n < 6_000_000+20*500_000 {
		t.Errorf("%d bytes were written", out.n)
	}
	// Four screens of 500,000 cells of 40 bytes, what waits, and the player's.
	if grown := (out.most - before.most) >> 20; grown > 100 {
		t.Errorf("it took %d MiB", grown)
	}
}

func TestQueueIsBounded(t *testing.T) {
	var out bytes.Buffer
	tr := &transcript{w: bufio.NewWriterSize(&out, 16)}
	line := screen.New(10, 1)
	fmt.Fprint(line, "begun")
	tr.line(line.Line(0))
	text := bytes.Repeat([]byte("x"), maxQueue/10-1)
	text = append(text, '\n')
	for i := range 100 {
		tr.put(time.Duration(i), text)
		if tr.queue.bytes > maxQueue || len(tr.queue.items) > 11 {
			t.Fatalf("%d bytes wait, %d items", tr.queue.bytes, len(tr.queue.items))
		}
	}
	tr.release(1 << 62)
	if n := strings.Count(out.String(), "x\n"); n != 100 || !strings.HasPrefix(out.String(), "      0.0s | begun\nxx") {
		t.Errorf("%d items were written, after %.30q", n, out.String())
	}
}

func TestTime(t *testing.T) {
	for at, want := range map[time.Duration]string{
		0: "0.0s", 99 * time.Millisecond: "0.0s", 59_999 * time.Millisecond: "59.9s", time.Minute: "1m00.0s",
		time.Hour + 2*time.Minute + 3456*time.Millisecond: "1h02m03.4s", 100 * time.Hour: "100h00m00.0s",
	} {
		got := Time(at)
		if d, err := time.ParseDuration(got); got != want || err != nil || d != at.Truncate(100*time.Millisecond) {
			t.Errorf("Time(%v) = %q, want %q (%v, %v)", at, got, want, d, err)
		}
	}
}
