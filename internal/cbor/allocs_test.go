package cbor

import "testing"

func TestAllocations(t *testing.T) {
	dst, data := make([]byte, 0, 1<<10), []byte("data")
	appended := func() {
		dst = AppendBytes(AppendText(AppendMap(dst[:0], 5), "text"), data)
		dst = AppendNull(AppendBool(AppendInt(AppendUint(AppendArray(dst, 3), 1<<40), -1), true))
	}
	if n := testing.AllocsPerRun(100, appended); n != 0 {
		t.Errorf("appending takes %v allocations, want 0", n)
	}
	dst = AppendBytes(AppendUint(AppendText(dst[:0], "text"), 1<<40), data)
	var s Scanner
	scanned := func() {
		s.Reset(dst, 0, len(dst))
		if !s.Literal("\x64text") {
			t.Fatal("there is no text")
		}
		if _, err := s.Uint(0, 1<<50); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Bytes(); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(100, scanned); n != 0 {
		t.Errorf("scanning takes %v allocations, want 0", n)
	}
}
