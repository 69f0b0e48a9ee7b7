package replay

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"
)

// counted counts what is read.
type counted struct {
	io.ReaderAt
	n int64
}

func (c *counted) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, at)
	c.n += int64(n)
	return n, err
}

// longLog is a log of at least this size, ten hours long, of text that hardly compresses.
func longLog(t tester, size int) []byte {
	s := newSample(t)
	s.forget, s.limit, s.level = true, 128<<10, 0
	s.out = make([]byte, 0, size+size/8)
	s.out = append(s.out, s.w.AppendHeader(nil)...)
	s.begin(0, 120, 40)
	r := rand.New(rand.NewPCG(3, 3))
	gap := 10 * time.Hour / time.Duration(size/1000)
	for len(s.out) < size {
		s.print(gap, 0, fmt.Sprintf("\x1b[%dm%01000d\r\n", 31+r.IntN(7), r.Uint64()))
	}
	s.close(0)
	return s.end()
}

func BenchmarkSeek(b *testing.B) {
	log := longLog(b, 256<<20)
	r := &counted{ReaderAt: bytes.NewReader(log)}
	begun := time.Now()
	l, err := Open(r, int64(len(log)), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d MB, %v, %d blocks: opened in %v, %d KB read", len(log)>>20, l.Main().Length(), l.index.blocks, time.Since(begun), r.n>>10)
	random := rand.New(rand.NewPCG(1, 1))
	p := NewPlayer(l, l.Main())
	most, read := time.Duration(0), int64(0)
	for b.Loop() {
		p = NewPlayer(l, l.Main()) // each a first, far one
		r.n, begun = 0, time.Now()
		if err := p.Seek(time.Duration(random.Int64N(int64(l.Main().Length())))); err != nil {
			b.Fatal(err)
		}
		most, read = max(most, time.Since(begun)), max(read, r.n)
	}
	b.ReportMetric(float64(most.Milliseconds()), "ms-at-most")
	b.ReportMetric(float64(read>>10), "KiB-read-at-most")
	if p.Exact() {
		b.Log("the last seek was a near one")
	}
}

// BenchmarkPlay is what a seek that has caught up has cost.
func BenchmarkPlay(b *testing.B) {
	log := longLog(b, 16<<20)
	b.SetBytes(int64(len(log)))
	l := open(b, log, Options{})
	for b.Loop() {
		p := NewPlayer(l, l.Main())
		for {
			if _, _, err := p.Step(); err != nil {
				break
			}
		}
	}
}
