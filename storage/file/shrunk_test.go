package file

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestAFileThatShrinks is cut and lengthened while somebody reads it. What is missing is
// an error, or a reader would take the log for one that was never finished; what is new
// is not seen.
func TestAFileThatShrinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := OpenPath(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, test := range []struct {
		size    int64
		n       int
		wantErr error
	}{{1000, 1000, nil}, {2000, 1000, nil}, {999, 999, ErrShrunk}, {0, 0, ErrShrunk}, {1000, 1000, nil}} {
		if err := os.Truncate(path, test.size); err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		_, err := io.Copy(&got, io.NewSectionReader(r, 0, r.Size()))
		if got.Len() != test.n || !errors.Is(err, test.wantErr) {
			t.Errorf("of a file that has %d bytes now %d are read, %v; want %d, %v", test.size, got.Len(), err, test.n, test.wantErr)
		}
	}
	if n, err := r.ReadAt(make([]byte, 10), 995); n != 5 || err != io.EOF {
		t.Errorf("ReadAt over the end = %d, %v; want 5, EOF", n, err)
	}
}
