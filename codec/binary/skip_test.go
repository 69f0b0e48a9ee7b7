package binary

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestHeadsAreThoseOfTheBlocks skips through each vector and reads the blocks too.
func TestHeadsAreThoseOfTheBlocks(t *testing.T) {
	names, err := filepath.Glob("testdata/vectors/*/*.bin")
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	for _, name := range names {
		log, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r := bytes.NewReader(log)
		for at := FirstBlock; ; {
			b, err := ReadBlock(r, at)
			h, headErr := ReadHead(r, at)
			if err != nil {
				var fault *Fault
				if headErr == nil && !errors.As(err, &fault) || err == io.EOF && headErr != io.EOF {
					t.Errorf("%s, %d: ReadHead gives %v, ReadBlock %v", name, at, headErr, err)
				}
				break
			}
			blocks++
			if want := (Head{at, b.Next, b.Number, uint32(len(b.Messages)), b.Messages[0].Seq, b.From, b.To, b.Kinds}); headErr != nil || h != want {
				t.Errorf("%s: ReadHead(%d) = %+v, %v, want %+v", name, at, h, headErr, want)
			}
			at = b.Next
		}
	}
	if blocks < 10 {
		t.Errorf("the vectors have %d blocks, want at least 10", blocks)
	}
}
