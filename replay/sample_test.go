package replay

import (
	"bytes"
	"math/rand/v2"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/replay/screen"
)

const sampleConn = "019abc0123457def8123456789abcdef"

// tester is a test, or a property's.
type tester interface {
	Helper()
	Fatal(args ...any)
}

// sample is a log in the making.
type sample struct {
	t       tester
	w       *binary.Writer
	c       *binary.Compressor
	out     []byte
	block   binary.Block
	limit   int // of a block's content
	level   int
	now     int64
	seq     uint64
	events  []event.Event
	forget  bool // events, in a long log
	summary event.Summary
}

func newSample(t tester) *sample {
	user, target := "alice", "db.example.com"
	s := &sample{t: t, w: binary.NewWriter(), c: binary.NewCompressor(1), limit: 4 << 10, level: 1, now: 1_800_000_000_000_000_000}
	s.summary = event.Summary{Version: 1, Username: &user, Target: &target, Start: s.now + 1, Channels: []event.ChannelSummary{}}
	s.out = s.w.AppendHeader(nil)
	return s
}

// add adds an event of a channel after some time.
func (s *sample) add(after time.Duration, channel uint64, body event.Body) {
	s.t.Helper()
	s.now += int64(max(1, after))
	ev := event.Event{Seq: s.seq, Conn: sampleConn, Time: s.now, Channel: channel, Body: body}
	plain, err := binary.AppendMessage(s.block.Plain, &ev)
	if err != nil {
		s.t.Fatal(err)
	}
	s.block.Plain = plain
	if s.block.Messages++; s.block.Messages == 1 {
		s.block.From = s.now
	}
	kind := event.KindOf(body)
	s.block.To, s.block.Kinds = s.now, s.block.Kinds|1<<kind
	s.seq++
	if _, ok := body.(*event.Summary); ok {
		return
	}
	if !s.forget {
		s.events = append(s.events, ev)
	}
	s.summary.End = s.now
	s.summary.Kinds[kind]++
	if b, ok := body.(*event.IO); ok {
		switch n := uint64(len(b.Data)); b.Stream {
		case event.Stdin:
			s.summary.Bytes.Stdin += n
		case event.Stdout:
			s.summary.Bytes.Stdout += n
		case event.Stderr:
			s.summary.Bytes.Stderr += n
		}
	}
	if len(plain) >= s.limit {
		s.flush()
	}
}

// flush ends the block.
func (s *sample) flush() {
	s.t.Helper()
	if s.block.Messages == 0 {
		return
	}
	out, err := s.w.AppendBlock(s.out, s.block, s.c, s.level)
	if err != nil {
		s.t.Fatal(err)
	}
	s.out, s.block = out, binary.Block{Plain: s.block.Plain[:0]}
}

// begin opens a session with a terminal and a shell.
func (s *sample) begin(channel uint64, columns, rows uint32) {
	s.t.Helper()
	s.add(time.Second, channel, &event.NewChannel{ChannelType: "session"})
	s.add(0, channel, &event.NewChannelSuccessful{ChannelType: "session"})
	if columns > 0 {
		s.add(0, channel, &event.Pty{Term: "xterm", Columns: columns, Rows: rows})
	}
	s.add(0, channel, &event.Shell{RequestID: 1})
	s.summary.Channels = append(s.summary.Channels, event.ChannelSummary{ChannelID: channel, ChannelType: "session"})
}

func (s *sample) print(after time.Duration, channel uint64, text string) {
	s.t.Helper()
	s.add(after, channel, &event.IO{Stream: event.Stdout, Data: []byte(text)})
}

func (s *sample) close(channel uint64) {
	s.t.Helper()
	s.add(time.Second, channel, &event.Exit{})
	s.add(0, channel, &event.Close{By: event.ByTarget})
}

// end ends the log and returns it.
func (s *sample) end() []byte {
	s.t.Helper()
	s.flush()
	s.summary.Index = s.w.Index(s.now + 1)
	s.add(0, 0, &s.summary)
	s.flush()
	s.out = s.w.AppendEnd(s.out)
	return s.out
}

// shell adds n outputs like those of somebody at a shell, who starts an editor at times, and is interrupted
// by another channel.
func (s *sample) shell(r *rand.Rand, n int) {
	s.t.Helper()
	texts := []string{
		"\r\n$ ", "ls -l", "\x1b[1;31mred\x1b[m ", "\r\n", "wide 漢字 ", "e\u0301", "\x1b[?1049h\x1b[2J", "\x1b[?1049l", "\x1b[H", "\x1b[3;7r", "\x1b[r",
		"\x1b[K", "\x1b[5;10Hthere", "\x1b[2J\x1b[H$ ", "\xe6\xbc", "\xa2", "\x1b[", "1m", "\x1b]0;title\a", "a longer line of output that wraps around in small terminals\r\n",
	}
	for range n {
		gap := time.Duration(r.IntN(3)) * time.Duration(r.IntN(int(100*time.Millisecond)))
		switch x := r.IntN(100); {
		case x == 0:
			s.add(gap, 0, &event.Window{Columns: uint32(20 + r.IntN(60)), Rows: uint32(5 + r.IntN(20))})
		case x == 1:
			s.add(gap, 0, &event.IO{Stream: event.Stdin, Data: []byte("x\r")})
		case x < 20:
			s.print(gap, 1, texts[r.IntN(len(texts))])
		default:
			s.print(gap, 0, texts[r.IntN(len(texts))])
		}
	}
}

// screenAt is what the channel's screen was at a moment, from all the events.
func (s *sample) screenAt(ch *Channel, to time.Duration) *screen.Screen {
	scr := screen.New(0, 0)
	scr.LineFeedReturns(true)
	for i := range s.events {
		ev := &s.events[i]
		if ev.Channel != ch.Number || !ev.Body.Type().OnChannel() || ev.Time-ch.Start > int64(to) {
			continue
		}
		switch b := ev.Body.(type) {
		case *event.Pty:
			scr.LineFeedReturns(false)
			scr.Resize(int(b.Columns), int(b.Rows))
		case *event.Window:
			scr.Resize(int(b.Columns), int(b.Rows))
		case *event.IO:
			if b.Stream != event.Stdin {
				_, _ = scr.Write(b.Data)
			}
		}
	}
	return scr
}

func open(t tester, log []byte, o Options) *Log {
	t.Helper()
	l, err := Open(bytes.NewReader(log), int64(len(log)), o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// work lets a player do all that is to be done.
func work(t tester, p *Player) {
	t.Helper()
	for {
		done, err := p.Work(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		if done {
			return
		}
	}
}
