package replay

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

func TestChannels(t *testing.T) {
	s := newSample(t)
	s.begin(3, 0, 0)
	s.add(0, 4, &event.NewChannelDirectTCPIP{HostToConnect: "x"})
	s.begin(5, 120, 40)
	s.shell(rand.New(rand.NewPCG(1, 1)), 2000) // on channels that are not there
	s.add(time.Minute, 5, &event.Window{Columns: 100, Rows: 30})
	s.close(3)
	s.shell(rand.New(rand.NewPCG(1, 1)), 2000)
	closed := s.now
	s.close(5)
	for _, cut := range []int{0, 1} { // with the summary, and without
		log := s.out
		if cut == 0 {
			log = s.end()
		}
		l := open(t, log[:len(log)-cut], Options{})
		if len(l.Channels) != 2 || l.Main() != l.Channel(5) || l.Ended != (cut == 0) {
			t.Fatalf("%d channels, main is %+v, Ended = %v", len(l.Channels), l.Main(), l.Ended)
		}
		c := l.Channel(5)
		if c.Runs != "shell" || !c.Terminal || !c.Closed || c.End != closed+int64(time.Second)+1 {
			t.Errorf("channel 5 is %+v", c)
		}
		for _, at := range []struct {
			at            int64
			columns, rows int
		}{{c.Start, 0, 0}, {c.Start + 10, 120, 40}, {closed, 100, 30}} {
			if columns, rows := c.sizeAt(at.at); columns != at.columns || rows != at.rows {
				t.Errorf("its size at %d is %d×%d, want %d×%d", at.at, columns, rows, at.columns, at.rows)
			}
		}
		if cut == 0 && (l.User != "alice" || l.Target != "db.example.com") {
			t.Errorf("it is of %q at %q", l.User, l.Target)
		}
		if l.Channel(4) != nil {
			t.Error("a forwarded connection is a channel to be played")
		}
	}
}

// TestLengthsOfChannels has a channel end a thousand blocks before the log does.
func TestLengthsOfChannels(t *testing.T) {
	s := newSample(t)
	s.limit = 100
	s.begin(0, 40, 10)
	s.begin(1, 40, 10)
	s.print(time.Second, 1, "first")
	s.add(0, 1, &event.Exit{})
	s.print(time.Second, 0, strings.Repeat("x", 300)) // a block between the two
	s.close(1)
	closed := s.now
	for range 1500 {
		s.print(time.Second, 0, strings.Repeat("x", 100))
	}
	s.close(0)
	end := s.now
	l := open(t, s.end(), Options{})
	if l.index.blocks < 1500 {
		t.Fatalf("the log has %d blocks", l.index.blocks)
	}
	if c := l.Channel(1); !c.Closed || c.End != closed || c.ExitStatus == nil {
		t.Errorf("channel 1 is %+v, want it closed at %d with a status", c, closed)
	}
	if c := l.Channel(0); !c.Closed || c.End != end || c.ExitStatus == nil {
		t.Errorf("channel 0 is %+v, want it closed at %d with a status", c, end)
	}
}

func TestIndexOfManyBlocks(t *testing.T) {
	var x index
	for i := range 3*maxPoints + 17 {
		x.add(&binary.Head{Offset: int64(i) * 10, From: int64(i) * 100})
	}
	if x.step != 4 || len(x.points) > maxPoints {
		t.Fatalf("step is %d with %d points", x.step, len(x.points))
	}
	for i, p := range x.points {
		if want := int64(i) * 4; p != (point{want * 10, want * 100}) {
			t.Fatalf("point %d is %v", i, p)
		}
	}
	for at, want := range map[int64]int{-1: 0, 0: 0, 399: 0, 400: 1, 799: 1, 1 << 40: len(x.points) - 1} {
		if got := x.before(at); got != want {
			t.Errorf("before(%d) = %d, want %d", at, got, want)
		}
	}
}

// TestCutAtEachBlock plays what is there of a log that was cut.
func TestCutAtEachBlock(t *testing.T) {
	s := newSample(t)
	s.limit = 500
	s.begin(0, 40, 10)
	s.shell(rand.New(rand.NewPCG(2, 2)), 300)
	log := s.end()
	for cut := 41; cut < len(log); cut += 37 {
		l := open(t, log[:cut], Options{})
		if l.Ended {
			t.Fatalf("cut at %d of %d it has its end", cut, len(log))
		}
		if l.Main() == nil {
			continue
		}
		p := NewPlayer(l, l.Main())
		for {
			if _, _, err := p.Step(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("cut at %d: %v", cut, err)
			}
		}
		if !p.Screen().Equal(s.screenAt(l.Main(), p.At())) {
			t.Fatalf("cut at %d the screen is another", cut)
		}
	}
}

// TestDamageEndsTheRecording changes a byte in the middle.
func TestDamageEndsTheRecording(t *testing.T) {
	s := newSample(t)
	s.begin(0, 40, 10)
	s.shell(rand.New(rand.NewPCG(2, 2)), 3000)
	log := s.end()
	log[len(log)/2] ^= 1
	l := open(t, log, Options{})
	p := NewPlayer(l, l.Main())
	if err := p.Seek(time.Hour); err != nil {
		t.Fatal(err)
	}
	work(t, p)
	if l.Fault == nil || l.Fault.Verdict != binary.Tampered {
		t.Errorf("the fault is %v", l.Fault)
	}
}

func TestWhatIsNoLog(t *testing.T) {
	var fault *binary.Fault
	for _, what := range []string{"", "hello", strings.Repeat("x", 1000)} {
		l, err := Open(bytes.NewReader([]byte(what)), int64(len(what)), Options{})
		if err == nil && len(l.Channels) == 0 && what == "" {
			continue // a log whose writer has only just begun
		}
		if !errors.As(err, &fault) || fault.Verdict != binary.NotALog {
			t.Errorf("Open(%.10q) = %v, want that it is no log", what, err)
		}
	}
}

// TestFollow plays a log while it is written: what is in blocks, and what is in none yet.
func TestFollow(t *testing.T) {
	s := newSample(t)
	s.limit = 1 << 20
	s.begin(0, 40, 10)
	s.print(time.Second, 0, "one\r\n")
	s.flush()
	log := &growing{}
	log.set(s.out)
	unwritten := []event.Event{}
	more := func(first uint64, each func(*binary.Message) error) error {
		var plain []byte
		for i := range unwritten {
			plain, _ = binary.AppendMessage(plain, &unwritten[i])
		}
		n := 0
		return binary.ReadContent(plain, func(m *binary.Message) error {
			m.Seq = unwritten[n].Seq
			n++
			if m.Seq < first {
				return nil
			}
			return each(m)
		})
	}
	l, err := Open(log, int64(len(s.out)), Options{More: more})
	if err != nil {
		t.Fatal(err)
	}
	p := NewPlayer(l, l.Main())
	shown := func(want string) {
		t.Helper()
		for {
			if _, _, err := p.Step(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if got := p.Screen().Text(); got[0]+got[1]+got[2]+got[3] != want {
			t.Fatalf("the screen is %q, want %q", got, want)
		}
	}
	shown("one")
	at := len(s.events)
	s.print(time.Second, 0, "two\r\n")
	unwritten = s.events[at:]
	shown("onetwo")
	shown("onetwo")
	s.print(time.Second, 0, "three\r\n")
	s.flush()
	unwritten = nil
	log.set(s.out)
	shown("onetwothree")
	s.print(time.Second, 0, "four")
	log.set(s.end())
	shown("onetwothreefour")
	if err := p.Seek(0); err != nil {
		t.Fatal(err)
	}
	shown("onetwothreefour")
	if !p.Exact() {
		t.Error("it is not exact")
	}
}

// growing is a file that is being written.
type growing struct{ data []byte }

func (g *growing) set(data []byte) { g.data = bytes.Clone(data) }

func (g *growing) ReadAt(p []byte, at int64) (int, error) {
	return bytes.NewReader(g.data).ReadAt(p, at)
}

// TestContainerSSH plays a log that has no blocks, and seeks in it.
func TestContainerSSH(t *testing.T) {
	log, err := os.ReadFile(filepath.Join("..", "codec", "binary", "testdata", "containerssh", "containerssh-v2-pty.log"))
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, log, Options{})
	c := l.Main()
	if c == nil || !c.Terminal || !l.Ended || l.User == "" {
		t.Fatalf("main is %+v of %q", c, l.User)
	}
	p := NewPlayer(l, c)
	frames := 0
	for {
		if _, _, err := p.Step(); err != nil {
			break
		}
		frames++
	}
	end := p.Screen().Snapshot()
	if frames < 5 {
		t.Errorf("%d frames", frames)
	}
	for _, to := range []time.Duration{0, c.Length() / 2, c.Length(), 0, 2 * c.Length()} {
		if err := p.Seek(to); err != nil {
			t.Fatal(err)
		}
		if !p.Seeking() {
			t.Error("a seek in a stream is done at once")
		}
		work(t, p)
		if p.At() != min(to, c.Length()) {
			t.Errorf("after a seek to %v it is at %v", to, p.At())
		}
	}
	if !p.Screen().Equal(end) {
		t.Errorf("after seeks the end is\n%q, want\n%q", p.Screen().Text(), end.Text())
	}
}
