package record_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage/file"
)

// benchmarkEmit records pieces of output on a real disk: journal, blocks and store.
func benchmarkEmit(b *testing.B, data []byte) {
	store, err := file.New(file.Config{Directory: b.TempDir()}, disk.OS{})
	if err != nil {
		b.Fatal(err)
	}
	r, err := record.Open(b.Context(), record.Config{Journal: b.TempDir(), Store: store, Sync: -1})
	if err != nil {
		b.Fatal(err)
	}
	s := &session{log: r.Begin()}
	s.begin()
	io := &event.IO{Stream: event.Stdout, Data: data}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		if err := s.log.Emit(0, io); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	s.end()
	mustClose(b, r)
}

func BenchmarkEmitKey(b *testing.B) { benchmarkEmit(b, []byte("x")) }

func BenchmarkEmitText(b *testing.B) {
	var text strings.Builder
	for i := 0; text.Len() < 32<<10; i++ {
		fmt.Fprintf(&text, "2026-11-22T10:32:%02d host-%d app: level=info msg=\"request done\" path=/items/%d\n", i%60, i%7, i*104729)
	}
	benchmarkEmit(b, []byte(text.String()[:32<<10]))
}

func BenchmarkEmitRandom(b *testing.B) {
	data := make([]byte, 32<<10)
	random := rand.NewChaCha8([32]byte{})
	random.Read(data)
	benchmarkEmit(b, data)
}
