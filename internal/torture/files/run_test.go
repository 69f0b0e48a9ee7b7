package files

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// maxMemory is what a command may hold of the machine's memory, whatever it reads.
const maxMemory = 64 << 20

// result is how a command ended.
type result struct {
	usage
	out, errs string // their beginnings
}

// sshtrail runs a command, which must end by itself, within its memory, without a trace
// of a panic, and print what is harmless.
func sshtrail(t testing.TB, stdin io.Reader, args ...string) result {
	t.Helper()
	return start{stdin: stdin, keep: 64 << 10}.run(t, args)
}

// sshtrailTo is sshtrail in a folder, of whose output so much is kept.
func sshtrailTo(t testing.TB, dir string, keep int, args ...string) result {
	t.Helper()
	return start{dir: dir, keep: keep}.run(t, args)
}

// start is where a command runs, and how much of its output is kept.
type start struct {
	dir   string
	stdin io.Reader
	keep  int
}

func (s start) run(t testing.TB, args []string) result {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := gatewaytest.Program(t, self, append([]string{os.Getenv(measuredVariable)}, args...)...)
	cmd.Dir, cmd.Env = s.dir, append(cmd.Env, measureVariable+"=1")
	told, tell, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer told.Close()
	cmd.ExtraFiles = []*os.File{tell}
	out, errs := &sieve{json: isJSON(args), keep: s.keep}, &sieve{keep: s.keep}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.stdin, out, errs
	err = cmd.Run()
	tell.Close()
	r := result{out: out.text(), errs: errs.text()}
	if err == nil {
		err = json.NewDecoder(told).Decode(&r.usage)
	}
	if err != nil {
		t.Fatalf("sshtrail %.200q: %v; it said:\n%s", args, err, r.errs)
	}
	r.check(t, args)
	for _, s := range []*sieve{out, errs} {
		if s.end(); s.flaw != "" {
			t.Errorf("sshtrail %.200q prints %s", args, s.flaw)
		}
	}
	return r
}

func (r *result) check(t testing.TB, args []string) {
	t.Helper()
	if r.Status < 0 || r.Status > 4 || strings.Contains(r.errs, "goroutine ") || strings.Contains(r.errs, "panic") {
		t.Errorf("sshtrail %.200q ended with status %d; it said:\n%s", args, r.Status, r.errs)
	}
	if r.Memory > maxMemory {
		t.Errorf("sshtrail %.200q took %d MiB of memory, want at most %d", args, r.Memory>>20, maxMemory>>20)
	}
}

func isJSON(args []string) bool {
	for _, arg := range args {
		if arg == "--json" || arg == "decode" {
			return args[0] != "show" // that is one document of several lines
		}
	}
	return false
}

// sieve looks at what a command prints: lines of printable characters, each of them JSON
// if it is to be. It keeps the beginning.
type sieve struct {
	json bool
	keep int
	kept []byte
	line []byte // that has not ended yet
	flaw string
}

// maxLine is the longest line that is looked at as a whole.
const maxLine = 8 << 20

func (s *sieve) Write(p []byte) (int, error) {
	s.kept = append(s.kept, p[:min(len(p), s.keep-len(s.kept))]...)
	for rest := p; len(rest) > 0 && s.flaw == ""; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			s.line = append(s.line, rest...)
			break
		}
		s.look(append(s.line, rest[:i]...))
		s.line, rest = s.line[:0], rest[i+1:]
	}
	return len(p), nil
}

// end looks at what has no line end.
func (s *sieve) end() { s.look(s.line) }

func (s *sieve) look(line []byte) {
	if s.json && len(line) > 0 && len(line) < maxLine && !json.Valid(line) && s.flaw == "" {
		s.flaw = "what is no JSON: " + string(line[:min(len(line), 200)])
	}
	for i := 0; i < len(line) && s.flaw == ""; {
		if line[i] >= ' ' && line[i] <= '~' {
			i++
			continue
		}
		r, size := utf8.DecodeRune(line[i:])
		if r == utf8.RuneError && size == 1 || r != '\t' && !unicode.IsPrint(r) {
			s.flaw = "what acts on a terminal: " + quoted(line, i, size)
		}
		i += size
	}
}

func quoted(line []byte, at, size int) string {
	return strconv.QuoteToASCII(string(line[max(0, at-40) : at+size]))
}

func (s *sieve) text() string { return string(s.kept) }
