package binary

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/sshtrail/sshtrail/event"
)

func BenchmarkAppendMessage(b *testing.B) {
	for _, size := range []struct {
		name string
		n    int
	}{{"1B", 1}, {"32KiB", 32 << 10}} {
		b.Run(size.name, func(b *testing.B) {
			ev := &event.Event{Conn: "0199e1b0c3f27abc8def0123456789ab", Time: 1795342935861280255, Body: &event.IO{Stream: 1, Data: make([]byte, size.n)}}
			dst := make([]byte, 0, 64<<10)
			b.SetBytes(int64(size.n))
			b.ReportAllocs()
			for b.Loop() {
				dst, _ = AppendMessage(dst[:0], ev)
			}
		})
	}
}

// keystrokes is a log of small messages, bulk one of large ones.
func keystrokes(tb testing.TB, n int) *logMaker {
	l := newLogMaker(tb)
	l.level = 6
	t := int64(1_795_342_935_861_280_255)
	for i := range n {
		t += 71_234_567 + int64(i*i%9973)
		l.add(event.Event{Time: t, Body: &event.IO{Stream: event.Stream(i % 2), Data: []byte{byte('a' + i*i%26)}}})
		if len(l.block.Plain) > 128<<10 {
			l.flush()
		}
	}
	return l
}

func bulk(tb testing.TB, n int) *logMaker {
	l := newLogMaker(tb)
	l.level = 1
	t := int64(1_795_342_935_861_280_255)
	for i := range n {
		t += 1_234_567
		var data []byte
		for j := 0; len(data) < 32<<10; j++ {
			data = fmt.Appendf(data, "Nov 22 12:%02d:%02d host sshd[%d]: Accepted publickey for user%d\r\n", j/60%60, j%60, i*j%9999, j*j%997)
		}
		l.add(event.Event{Time: t, Body: &event.IO{Stream: 1, Data: data}})
		if len(l.block.Plain) > 128<<10 {
			l.flush()
		}
	}
	return l
}

func BenchmarkReader(b *testing.B) {
	for _, kind := range []struct {
		name string
		make func(testing.TB, int) *logMaker
		n    int
	}{{"keystrokes", keystrokes, 100_000}, {"bulk", bulk, 1000}} {
		l := kind.make(b, kind.n)
		log := l.end()
		var plain int64
		r := NewReader(bytes.NewReader(log))
		for m, err := r.Next(); err == nil; m, err = r.Next() {
			plain += int64(len(m.Bytes()))
		}
		b.Run(kind.name+"/verify", func(b *testing.B) {
			b.SetBytes(plain)
			for b.Loop() {
				r := NewReader(bytes.NewReader(log))
				var err error
				for err == nil {
					_, err = r.Next()
				}
				if r.Verdict() != Complete {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(kind.n)/b.Elapsed().Seconds(), "messages/s")
		})
		b.Run(kind.name+"/json", func(b *testing.B) {
			b.SetBytes(plain)
			var dst []byte
			for b.Loop() {
				r := NewReader(bytes.NewReader(log))
				for m, err := r.Next(); err == nil; m, err = r.Next() {
					dst = m.AppendJSON(dst[:0])
				}
			}
			b.ReportMetric(float64(b.N)*float64(kind.n)/b.Elapsed().Seconds(), "messages/s")
		})
		b.Run(kind.name+"/events", func(b *testing.B) {
			b.SetBytes(plain)
			for b.Loop() {
				for _, err := range NewReader(bytes.NewReader(log)).Events() {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkAppendBlock(b *testing.B) {
	for _, level := range []int{1, 6} {
		b.Run(fmt.Sprint("level", level), func(b *testing.B) {
			l := keystrokes(b, 1000)
			w, c := NewWriter(), NewCompressor(1)
			dst := w.AppendHeader(nil)
			b.SetBytes(int64(len(l.block.Plain)))
			b.ReportAllocs()
			var err error
			for b.Loop() {
				l.block.From = l.block.To
				if dst, err = w.AppendBlock(dst[:0], l.block, c, level); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(dst))/1000, "B/message")
		})
	}
}
