package page

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/tapetest"
	"github.com/sshtrail/sshtrail/replay"
	"github.com/sshtrail/sshtrail/replay/screen"
)

// written returns the page of a log's channel 0.
func written(t testing.TB, l *replay.Log, o Options) string {
	t.Helper()
	var out bytes.Buffer
	if o.Length == 0 {
		o.Length = l.Channel(0).Length()
	}
	if err := Write(&out, replay.NewPlayer(l, l.Channel(0)), o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// screenAt returns the screen of channel 0 at a time.
func screenAt(t testing.TB, l *replay.Log, at time.Duration) *screen.Screen {
	t.Helper()
	p := replay.NewPlayer(l, l.Channel(0))
	if err := p.Reach(at); err != nil {
		t.Fatal(err)
	}
	return p.Screen()
}

// reader plays a page's data, as its script does.
type reader struct {
	facts  facts
	chunks []struct{ S, R, F [][]any }
}

func read(t testing.TB, page string) *reader {
	t.Helper()
	var r reader
	for _, m := range regexp.MustCompile(`<script type="text/plain" class="chunk">([^<]*)</script>`).FindAllStringSubmatch(page, -1) {
		packed, err := base64.StdEncoding.DecodeString(m[1])
		if err != nil {
			t.Fatal(err)
		}
		r.chunks = append(r.chunks, struct{ S, R, F [][]any }{})
		if err := json.NewDecoder(flate.NewReader(bytes.NewReader(packed))).Decode(&r.chunks[len(r.chunks)-1]); err != nil {
			t.Fatal(err)
		}
	}
	m := regexp.MustCompile(`<script type="application/json" id="facts">([^<]*)</script>`).FindStringSubmatch(page)
	if m == nil {
		t.Fatal("there are no facts")
	}
	if err := json.Unmarshal([]byte(m[1]), &r.facts); err != nil {
		t.Fatal(err)
	}
	return &r
}

// at returns what the page shows at a time: its size and cursor, and each line with its looks.
func (r *reader) at(ms int64) string {
	n := 0
	for n+1 < len(r.facts.Chunks) && r.facts.Chunks[n+1] <= ms {
		n++
	}
	c, now := r.chunks[n], r.facts.Chunks[n]
	var lines []int
	var cursor, size string
	for i, f := range c.F {
		number := func(i int) int { return int(f[i].(float64)) }
		if now += int64(number(0)); now > ms && i > 0 {
			break
		}
		if cursor = fmt.Sprint(f[1:4]); len(f) > 6 {
			lines, size = make([]int, number(7)), fmt.Sprint(f[6:])
		}
		lines = append(lines[number(4):], make([]int, number(4))...)
		for changes := f[5].([]any); len(changes) > 0; changes = changes[2:] {
			lines[int(changes[0].(float64))] = int(changes[1].(float64))
		}
	}
	out := size + cursor + "\n"
	for _, l := range lines {
		row := c.R[l]
		for ; len(row) > 0; row = row[2:] {
			out += fmt.Sprintf("%v%q", c.S[int(row[0].(float64))], textOf(row[1]))
		}
		out += "\n"
	}
	return out
}

func textOf(item any) string {
	switch item := item.(type) {
	case string:
		return item
	case map[string]any:
		return textOf(item["w"])
	case []any:
		text := ""
		for _, c := range item {
			text += c.(string)
		}
		return text
	}
	return "?"
}

// seen is what at should return of a screen.
func seen(t testing.TB, s *screen.Screen) string {
	t.Helper()
	f := film{out: newDocument(io.Discard, "", maxSize), activity: newActivity(0, 1)}
	f.take(s, 0)
	r := reader{facts: facts{Chunks: []int64{0}}}
	text := fmt.Sprintf(`{"s":[%s],"r":[%s],"f":[%s]}`, bytes.TrimSuffix(f.chunk.looks, []byte(",")), bytes.TrimSuffix(f.chunk.lines, []byte(",")), bytes.TrimSuffix(f.chunk.screens, []byte(",")))
	r.chunks = append(r.chunks, struct{ S, R, F [][]any }{})
	if err := json.Unmarshal([]byte(text), &r.chunks[0]); err != nil {
		t.Fatal(err)
	}
	return r.at(0)
}

// TestDataIsTheEmulatorsScreens looks at many moments of the recordings that the emulator is tested with.
func TestDataIsTheEmulatorsScreens(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, tape := range tapetest.Recordings(t) {
		t.Run(name, func(t *testing.T) {
			l := tape(t).Open()
			length := l.Channel(0).Length()
			r := read(t, written(t, l, Options{}))
			for range 40 {
				ms := random.Int64N(length.Milliseconds() + 1)
				want := screenAt(t, l, time.Duration(ms)*time.Millisecond)
				if got, want := r.at(ms), seen(t, want); got != want {
					t.Fatalf("at %d ms the page has\n%s\nwant\n%s", ms, got, want)
				}
			}
		})
	}
}

// TestLineIsWhole wants a screen's text to come back out of the data.
func TestLineIsWhole(t *testing.T) {
	s := screen.New(40, 1)
	_, _ = s.Write([]byte("a é漢字e\u0301\"\\</script>\x1b[1;4:3;58;5;1;38;5;200;48;2;1;2;3mx y\x1b[m─ \u2028"))
	c := chunk{lookOf: map[screen.Style]int{}, lineOf: map[string]int{}}
	var row []any
	if err := json.Unmarshal(c.encode(s.Line(0)), &row); err != nil {
		t.Fatal(err)
	}
	text := ""
	for i := 1; i < len(row); i += 2 {
		text += textOf(row[i])
	}
	if want := s.Line(0).String(); strings.TrimRight(text, " ") != want {
		t.Errorf("the line says %q, want %q", text, want)
	}
	if want := `["#ff00d7","#010203",1,3,2],`; !strings.Contains(string(c.looks), want) {
		t.Errorf("looks are %s, want %s", c.looks, want)
	}
}

// long is a recording that takes several chunks, of a log with much scrolling.
func long(t testing.TB) *replay.Log {
	w := tapetest.New(t)
	w.Session(0, 80, 24, "")
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 6000 {
		w.Print(50*time.Millisecond, 0, fmt.Sprintf("\r\n%5d \x1b[%dm%x\x1b[m", i, 31+i%7, random.Uint64()))
	}
	w.Exit(time.Second, 0, 0)
	return w.Open()
}

func TestChunks(t *testing.T) {
	l := long(t)
	page := written(t, l, Options{})
	r := read(t, page)
	if len(r.chunks) < 3 || len(r.chunks) != len(r.facts.Chunks) || !slices.IsSorted(r.facts.Chunks) {
		t.Errorf("%d chunks, that begin at %v", len(r.chunks), r.facts.Chunks)
	}
	for n := range 50 {
		ms := l.Channel(0).Length().Milliseconds() * int64(n) / 49
		if got, want := r.at(ms), seen(t, screenAt(t, l, time.Duration(ms)*time.Millisecond)); got != want {
			t.Fatalf("at %d ms the page has\n%s\nwant\n%s", ms, got, want)
		}
	}
	for i, c := range r.chunks {
		if len(c.F) > chunkScreens {
			t.Errorf("chunk %d has %d screens", i, len(c.F))
		}
	}
	if len(page) > 400_000 {
		t.Errorf("6,000 lines take %d bytes: is it seen that they scroll?", len(page))
	}
}

func TestPart(t *testing.T) {
	l := long(t)
	r := read(t, written(t, l, Options{From: time.Minute, To: 2 * time.Minute}))
	if r.facts.From != 60_000 || r.facts.To != 120_000 || r.facts.Chunks[0] != 60_000 {
		t.Errorf("the part is from %d to %d, in chunks that begin at %d", r.facts.From, r.facts.To, r.facts.Chunks)
	}
	for _, ms := range []int64{60_000, 90_000, 120_000} {
		if got, want := r.at(ms), seen(t, screenAt(t, l, time.Duration(ms)*time.Millisecond)); got != want {
			t.Errorf("at %d ms the page has\n%s\nwant\n%s", ms, got, want)
		}
	}
}

// TestTooLarge wants a page to end where it is too large, in memory that does not grow with it.
func TestTooLarge(t *testing.T) {
	l := long(t)
	var out bytes.Buffer
	err := write(&out, replay.NewPlayer(l, l.Channel(0)), Options{}, 60_000)
	if !errors.Is(err, ErrTooLarge) || out.Len() > 60_000 {
		t.Errorf("write() = %v, after %d bytes; want %v", err, out.Len(), ErrTooLarge)
	}
	broken := errors.New("disk full")
	if err := Write(failing{broken}, replay.NewPlayer(l, l.Channel(0)), Options{}); !errors.Is(err, broken) {
		t.Errorf("Write() = %v, want %v", err, broken)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
