package binary

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// readJSON reads a log to its end and returns its messages as lines of JSON.
func readJSON(log []byte) (lines []byte, r *Reader, err error) {
	r = NewReader(bytes.NewReader(log))
	for {
		m, err := r.Next()
		if err != nil {
			return lines, r, err
		}
		lines = append(m.AppendJSON(lines), '\n')
	}
}

// TestContainerSSH reads logs that ContainerSSH wrote. Beside them is what its own
// decoder prints, which is ours without what stands behind its last key.
func TestContainerSSH(t *testing.T) {
	logs, err := filepath.Glob("testdata/containerssh/*.log")
	if err != nil || len(logs) != 3 {
		t.Fatalf("Glob = %q, %v; want 3 logs", logs, err)
	}
	for _, name := range logs {
		t.Run(filepath.Base(name), func(t *testing.T) {
			log, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(name, ".log") + ".jsonl")
			if err != nil {
				t.Fatal(err)
			}
			got, r, err := readJSON(log)
			if r.Verdict() != Foreign {
				t.Fatalf("Verdict = %v (%v), want foreign", r.Verdict(), err)
			}
			var seven bytes.Buffer
			for line := range strings.Lines(string(got)) {
				head, _, found := strings.Cut(line, `,"seq":`)
				if !found {
					t.Fatalf("no seq in %s", line)
				}
				seven.WriteString(head + "}\n")
			}
			if seven.String() != string(want) {
				t.Errorf("JSON = %s\nwant %s", seven.String(), want)
			}
			compareGolden(t, strings.TrimSuffix(name, ".log")+".full.jsonl", got)
		})
	}
}
