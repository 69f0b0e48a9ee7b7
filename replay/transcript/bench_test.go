package transcript

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/tapetest"
	"github.com/sshtrail/sshtrail/replay"
)

// BenchmarkWrite writes down the output of a build: 8 MB of lines.
func BenchmarkWrite(b *testing.B) {
	w := tapetest.New(b)
	w.Session(0, 120, 40, "")
	var text []byte
	const size = 8 << 20
	for i := 0; i < size; {
		text = text[:0]
		for n := 0; len(text) < 30<<10; n++ {
			text = fmt.Appendf(text, "%d %x some text of a build\r\n", n, i)
		}
		i += len(text)
		w.Print(10*time.Millisecond, 0, string(text))
	}
	w.Exit(time.Second, 0, 0)
	l := w.Open()
	b.SetBytes(size)
	for b.Loop() {
		if err := Write(io.Discard, replay.NewPlayer(l, l.Main()), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
