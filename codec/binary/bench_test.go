package binary

import (
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
