//go:build !race

// The race detector takes memory of its own, so with it these numbers mean nothing.

package binary

import (
	"bytes"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/cbor"
)

// heap returns the bytes of heap objects, dead ones that were not swept included.
func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// peak calls f and returns how far the heap grew meanwhile.
func peak(f func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(5)) // so that what is dead counts for little
	debug.FreeOSMemory()
	before := heap()
	most, done, ended := before, make(chan struct{}), make(chan struct{})
	go func() { // ends when done is closed, and peak waits for that
		defer close(ended)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				most = max(most, heap())
			}
		}
	}()
	f()
	close(done)
	<-ended
	return max(most, heap()) - before
}

// TestBombs reads what is small in a file and large in memory. Whatever it is, reading
// takes less than 64 MiB.
func TestBombs(t *testing.T) {
	const big = maxForeign - 100
	header := func(b byte, n uint32) string {
		return string([]byte{b, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	}
	keys := func(size int) string { // as many different ones as fit
		var b []byte
		n := uint64(0)
		for ; len(b) < size-100; n++ {
			b = cbor.AppendNull(cbor.AppendUint(b, n))
		}
		return header(0xba, uint32(n)) + string(b)
	}
	payload := func(v string) string { return item(77, R(v)) }
	tests := []struct {
		name string
		want Verdict
		make func() []byte
	}{
		{"deflate that goes on and on", Tampered, func() []byte {
			return foreignLog(t, false, "\xa1\x5a\x7f\xff\xff\xff"+strings.Repeat("\x00", 200<<20))
		}},
		{"one large byte string", Foreign, func() []byte {
			return foreignLog(t, false, payload(header(0x5a, big)+strings.Repeat("x", big)))
		}},
		{"one large text", Foreign, func() []byte {
			return foreignLog(t, false, payload(header(0x7a, big)+strings.Repeat("x", big)))
		}},
		{"a text in many chunks", Foreign, func() []byte {
			return foreignLog(t, false, payload("\x7f"+strings.Repeat("\x61x", big/2)+"\xff"))
		}},
		{"an array of numbers", Foreign, func() []byte {
			return foreignLog(t, false, payload(header(0x9a, big)+strings.Repeat("\x01", big)))
		}},
		{"a map with a key over and over", Tampered, func() []byte {
			return foreignLog(t, false, payload(header(0xba, big/2)+strings.Repeat("\x01\x01", big/2)))
		}},
		{"a map of too many keys", Tampered, func() []byte { return foreignLog(t, false, payload(keys(big))) }},
		{"a map of many keys", Foreign, func() []byte { return foreignLog(t, false, payload(keys(4<<20))) }},
		{"a text of bytes that are not UTF-8", Tampered, func() []byte {
			return foreignLog(t, false, payload("\xa1\x61x"+header(0x7a, big)+strings.Repeat("\xff", big)))
		}},
		{"a shorter text of bytes that are not UTF-8", Foreign, func() []byte {
			return foreignLog(t, false, payload("\xa1\x61x"+header(0x7a, big-2048)+strings.Repeat("\xff", big-2048)))
		}},
		{"floats", Tampered, func() []byte {
			return foreignLog(t, false, payload(header(0x9a, big/3)+strings.Repeat("\xf9\x00\x01", big/3)))
		}},
		{"many maps in each other", Foreign, func() []byte {
			return foreignLog(t, false, payload(strings.Repeat("\x9f\x80", 29)+header(0x9a, big-100)+strings.Repeat("\xf6", big-100)+strings.Repeat("\xff", 29)))
		}},
		{"blocks of tiny messages", Complete, func() []byte {
			l := newLogMaker(t)
			for range 2 {
				for len(l.block.Plain) < MaxContent-minMessage-10 {
					l.add(event.Event{Conn: "x", Time: 1, Body: &event.Disconnect{}})
				}
				l.flush()
			}
			return l.end()
		}},
		{"a block that inflates beyond its limit", Tampered, func() []byte {
			c := newChain()
			h := c.next()
			h.messages, h.kinds = 1, 128
			data, err := NewCompressor(1).deflate(nil, make([]byte, 100<<20), 9)
			if err != nil {
				t.Fatal(err)
			}
			h.size = uint32(blockHead + len(data) + trailer)
			return append(append(h.append([]byte(fileHeader)), data...), make([]byte, trailer)...)
		}},
		{"a message of many keys", Complete, func() []byte {
			var m M
			for range 3 {
				m = append(m, strings.Repeat("y", len(m)+1), many(60_000))
			}
			log := newLogMaker(t)
			log.add(event.Event{Time: 7, Body: &event.Connect{}})
			log.raw(event.Event{Time: 7, Body: &event.Exec{}}, []byte(enc(exec(m...))))
			return log.end()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			log := tt.make()
			for _, parallel := range []int{1, 8} {
				r := NewReader(bytes.NewReader(log))
				r.Parallel(parallel, func(dst []byte, m *Message) []byte { return m.AppendJSON(dst) })
				start := time.Now()
				n := peak(func() {
					for err := error(nil); err == nil; {
						_, err = r.Next()
					}
				})
				t.Logf("%d bytes, %d at once: %d MiB in %v", len(log), parallel, n>>20, time.Since(start))
				if n >= 64<<20 || r.Verdict() != tt.want {
					t.Errorf("Verdict = %v (%v) with %d MiB, want %v with less than 64", r.Verdict(), r.err, n>>20, tt.want)
				}
			}
		})
	}
}
