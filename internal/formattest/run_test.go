package formattest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/verify"
)

// A reading is what a reader says about a file.
type reading struct {
	verdict  string
	digest   string
	messages int
	json     []string
	err      error
}

// read reads a file to its end, first with the decoder and then with verify, which must agree.
func read(t *testing.T, name string, b []byte) reading {
	t.Helper()
	got := decode(t, name, b, 1)
	if ahead := decode(t, name, b, 3); ahead.verdict != got.verdict || ahead.digest != got.digest || ahead.messages != got.messages ||
		ahead.err.Error() != got.err.Error() || !slices.Equal(ahead.json, got.json) {
		t.Errorf("%s: read by several at once it is %+v, by one %+v", name, ahead, got)
	}
	switch got.verdict {
	case "complete", "recovered", "foreign":
		if !errors.Is(got.err, io.EOF) {
			t.Errorf("%s: the decoder's last error is %v, want EOF for %q", name, got.err, got.verdict)
		}
	default:
		if errors.Is(got.err, io.EOF) {
			t.Errorf("%s: the decoder's last error is EOF, want a reason for %q", name, got.verdict)
		}
	}
	report, err := verify.Log(context.Background(), bytes.NewReader(b), verify.Options{})
	if err != nil {
		t.Errorf("%s: verify: %v", name, err)
	}
	ahead, err := verify.Log(context.Background(), bytes.NewReader(b), verify.Options{Parallel: 3})
	if ahead.Bytes = report.Bytes; err != nil || !reflect.DeepEqual(ahead, report) {
		t.Errorf("%s: verify of several blocks at once says %+v (%v), of one after the other %+v", name, ahead, err, report)
	}
	if v := report.Verdict.String(); v != got.verdict {
		t.Errorf("%s: verify says %q, the decoder %q", name, v, got.verdict)
	}
	return got
}

// decode reads a file with so many blocks at once.
func decode(t *testing.T, name string, b []byte, parallel int) reading {
	t.Helper()
	r := binary.NewReader(bytes.NewReader(b))
	r.Parallel(parallel, func(dst []byte, m *binary.Message) []byte { return m.AppendJSON(dst) })
	var got reading
	for {
		m, err := r.Next()
		if err != nil {
			got.err = err
			break
		}
		got.messages++
		if len(b) >= 1<<20 {
			continue
		}
		line := jsonLine(t, name, m)
		if ahead := r.Rendered(); ahead != nil && string(ahead) != line {
			t.Errorf("%s: JSON made ahead is %q, want %q", name, ahead, line)
		}
		got.json = append(got.json, line)
	}
	got.verdict, got.digest = r.Verdict().String(), r.Digest()
	return got
}

// jsonLine returns the JSON of a message, which must be one line of it whatever the file says.
func jsonLine(t *testing.T, name string, m *binary.Message) string {
	t.Helper()
	line := strings.TrimSuffix(string(m.AppendJSON(nil)), "\n")
	if !json.Valid([]byte(line)) || strings.ContainsFunc(line, unicode.IsControl) || !utf8.ValidString(line) {
		t.Errorf("%s: JSON is %q", name, line)
	}
	return line
}

// expect reads a file and complains if the verdict is another.
func expect(t *testing.T, name string, b []byte, want string) reading {
	t.Helper()
	got := read(t, name, b)
	if got.verdict != want {
		t.Errorf("%s: verdict = %q, want %q (%v; %s)", name, got.verdict, want, got.err, shown(b))
	}
	return got
}

// shown describes a file that a verdict was wrong about.
func shown(b []byte) string {
	if len(b) > 120 {
		return fmt.Sprintf("%d bytes", len(b))
	}
	return fmt.Sprintf("%d bytes: %x", len(b), b)
}

// A sentence is a sentence of the page, and files that break it and no other.
type sentence struct {
	text string
	want string // tampered if empty
	// files by what is done to them.
	files map[string][]byte
}

func runSentences(t *testing.T, sentences []sentence) {
	t.Helper()
	for _, s := range sentences {
		t.Run(strings.ReplaceAll(s.text, "/", "∕"), func(t *testing.T) {
			want := s.want
			if want == "" {
				want = "tampered"
			}
			if len(s.files) == 0 {
				t.Fatal("no file breaks this sentence")
			}
			for _, name := range slices.Sorted(maps.Keys(s.files)) {
				expect(t, name, s.files[name], want)
			}
		})
	}
}
