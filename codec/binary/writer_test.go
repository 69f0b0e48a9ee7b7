package binary

import (
	"bytes"
	"sync"
	"testing"

	"github.com/sshtrail/sshtrail/event"
)

func TestAppendBlockRefuses(t *testing.T) {
	good := Block{Plain: []byte("x"), Messages: 1, From: 5, To: 5, Kinds: 1}
	with := func(change func(*Block)) Block {
		b := good
		change(&b)
		return b
	}
	c := NewCompressor(1)
	tests := []struct {
		name  string
		block Block
		level int
	}{
		{"no messages", with(func(b *Block) { b.Messages = 0 }), 6},
		{"no content", with(func(b *Block) { b.Plain = nil }), 6},
		{"too much content", with(func(b *Block) { b.Plain = make([]byte, MaxContent+1) }), 6},
		{"time that goes back", with(func(b *Block) { b.To = 4 }), 6},
		{"time before the last block's", with(func(b *Block) { b.From, b.To = 2, 2 }), 6},
		{"no kinds", with(func(b *Block) { b.Kinds = 0 }), 6},
		{"kinds that are none", with(func(b *Block) { b.Kinds = 1 << event.NumKinds }), 6},
		{"not recovered any more", good, 6},
		{"no such level", with(func(b *Block) { b.Recovered = true }), 99},
	}
	w := NewWriter()
	if _, err := w.AppendBlock(nil, good, c, 6); err == nil {
		t.Error("AppendBlock before the header = nil error")
	}
	out := w.AppendHeader(nil)
	out, err := w.AppendBlock(out, with(func(b *Block) { b.From, b.To, b.Recovered = 3, 3, true }), c, 6)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		before := *w
		if tt.block.Plain != nil && tt.name != "not recovered any more" {
			tt.block.Recovered = true
		}
		got, err := w.AppendBlock(out, tt.block, c, tt.level)
		if err == nil || len(got) != len(out) || w.Messages() != before.Messages() || w.Size() != before.Size() {
			t.Errorf("%s: AppendBlock = %d bytes, %v; want %d, an error, and the Writer as it was", tt.name, len(got), err, len(out))
		}
	}
	w.AppendEnd(out)
	if _, err := w.AppendBlock(out, with(func(b *Block) { b.Recovered = true }), c, 6); err == nil {
		t.Error("AppendBlock behind the end mark = nil error")
	}
}

// TestLargestBlock writes as much as fits, of what does not compress.
func TestLargestBlock(t *testing.T) {
	for _, level := range []int{0, 1, 6, 9} {
		l := newLogMaker(t)
		l.level = level
		noise, x := make([]byte, MaxMessage-1024), uint64(88172645463325252)
		for i := range noise {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			noise[i] = byte(x)
		}
		l.add(event.Event{Time: 1, Body: &event.IO{Stream: 1, Data: noise}})
		l.add(event.Event{Time: 1, Body: &event.IO{Stream: 1, Data: noise}})
		if v, err := verdictOf(t, l.end()); v != Complete {
			t.Errorf("level %d: %v (%v), want complete", level, v, err)
		}
	}
}

// TestCompressorConcurrently has more goroutines than writers may work, at several
// levels, so that writers are dropped and made anew.
func TestCompressorConcurrently(t *testing.T) {
	c := NewCompressor(2)
	plain := bytes.Repeat([]byte("all work and no play "), 1000)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				out, err := c.deflate([]byte("head"), plain, 1+(i+j)%6)
				o := newBlocks()
				got, _, bad := o.inflate.Decode(nil, out[4:], MaxContent)
				if err != nil || bad != nil || !bytes.Equal(got, plain) {
					t.Errorf("deflate = %v, and back: %v", err, bad)
				}
			}
		})
	}
	wg.Wait()
	if c.live > 2 || len(c.idle) != c.live {
		t.Errorf("%d writers, %d of them idle; want at most 2, all idle", c.live, len(c.idle))
	}
}

// TestIndex compares the index of many blocks with its definition.
func TestIndex(t *testing.T) {
	var x index
	var all [][2]int64
	for i := range int64(5000) {
		got := x.with(i*10, i)
		all = append(all, [2]int64{i * 10, i})
		step := 1
		for (len(all)+step-1)/step > maxPoints {
			step *= 2
		}
		var want [][2]int64
		for j := 0; j < len(all); j += step {
			want = append(want, all[j])
		}
		if len(got) != len(want) || got[len(got)-1] != want[len(want)-1] || got[len(got)/2] != want[len(want)/2] {
			t.Fatalf("index of %d blocks has %d points to %v, want %d to %v", len(all), len(got), got[len(got)-1], len(want), want[len(want)-1])
		}
		x.add(i*10, i)
	}
}

func TestWriterState(t *testing.T) {
	l := newLogMaker(t)
	if l.w.Size() != 40 || l.w.Messages() != 0 || l.w.Ended() || l.w.Digest() != "" {
		t.Errorf("a new Writer: Size = %d, Messages = %d, Ended = %t, Digest = %q", l.w.Size(), l.w.Messages(), l.w.Ended(), l.w.Digest())
	}
	session(l)
	log := l.end()
	if l.w.Size() != int64(len(log)) || l.w.Messages() != 12 || l.w.Blocks() != 2 || !l.w.Ended() || len(l.w.Digest()) != 64 {
		t.Errorf("at the end: Size = %d, Messages = %d, Blocks = %d, Ended = %t, Digest = %q", l.w.Size(), l.w.Messages(), l.w.Blocks(), l.w.Ended(), l.w.Digest())
	}
}
