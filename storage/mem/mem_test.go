package mem_test

import (
	"io"
	"testing"

	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/mem"
	"github.com/sshtrail/sshtrail/storage/storagetest"
)

func TestContract(t *testing.T) {
	storagetest.Run(t, func(*testing.T) storage.Store { return mem.New() })
}

// TestReaderKeepsWhatWasCut: here, unlike in a file, a reader has what it opened for good.
func TestReaderKeepsWhatWasCut(t *testing.T) {
	s := mem.New()
	w, err := s.Create(t.Context(), "log", storage.About{})
	if err == nil {
		_, err = w.Write([]byte("good|torn"))
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	r, err := s.Open(t.Context(), "log")
	if err != nil {
		t.Fatal(err)
	}
	w, err = s.Resume(t.Context(), "log", func(io.ReaderAt, int64) (int64, error) { return 4, nil })
	if err == nil {
		_, err = w.Write([]byte("|new"))
	}
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 9)
	if _, err := r.ReadAt(got, 0); err != nil || string(got) != "good|torn" {
		t.Errorf("ReadAt = %q, %v, want what was there when the log was opened", got, err)
	}
}
