package backendtest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/sshtrail/sshtrail/internal/backend"
)

func (s suite) testEcho(t *testing.T) {
	r := run(t, s.connect(t), sh("cat"), "a\x00b\xff\r\n")
	if string(r.stdout) != "a\x00b\xff\r\n" || len(r.stderr) != 0 {
		t.Errorf("stdout = %q, stderr = %q, want the input", r.stdout, r.stderr)
	}
	wantExit(t, r.exit, 0)
}

// volume is more than all buffers on the way together.
const volume = 8 << 20

func noise() []byte {
	b := make([]byte, volume)
	_, _ = rand.NewChaCha8([32]byte{'n', 'o', 'i', 's', 'e'}).Read(b) // never fails
	return b
}

func (s suite) testVolume(t *testing.T) {
	data := noise()
	r := run(t, s.connect(t), sh("cat"), string(data))
	if got, want := sha256.Sum256(r.stdout), sha256.Sum256(data); got != want {
		t.Errorf("stdout: %d bytes with hash %x, want %d with %x", len(r.stdout), got, volume, want)
	}
	r = run(t, s.connect(t), sh("tee /dev/stderr | sha256sum"), string(data))
	if want := fmt.Sprintf("%x", sha256.Sum256(data)); !strings.HasPrefix(string(r.stdout), want) {
		t.Errorf("the program's hash of its input = %q, want %s", r.stdout, want)
	}
	if !bytes.Equal(r.stderr, data) {
		t.Errorf("stderr: %d other bytes than the %d that were written", len(r.stderr), volume)
	}
}

func (s suite) testStderrApart(t *testing.T) {
	r := run(t, s.connect(t), sh("echo out; echo err >&2; exit 9"), "")
	if string(r.stdout) != "out\n" || string(r.stderr) != "err\n" {
		t.Errorf("stdout = %q, stderr = %q, want out and err", r.stdout, r.stderr)
	}
	wantExit(t, r.exit, 9)
}

// What a program wrote is there to be read after it has ended, however late.
func (s suite) testOutputAfterTheEnd(t *testing.T) {
	const size = 50000 // less than a pipe's buffer
	p := start(t, s.connect(t), sh(fmt.Sprintf("head -c %d /dev/zero; head -c %d /dev/zero >&2", size, size)))
	for range 2 {
		if exit, err := p.Wait(); err != nil || exit != (backend.Exit{}) {
			t.Fatalf("Wait = %+v, %v", exit, err)
		}
	}
	r, err := drive(p, strings.NewReader(""))
	if len(r.stdout) != size || len(r.stderr) != size || err != nil {
		t.Errorf("read %d and %d bytes, %v, want %d twice", len(r.stdout), len(r.stderr), err, size)
	}
}

func (s suite) testOutputOfWhoIsLeft(t *testing.T) {
	p := start(t, s.connect(t), sh("exec 3<&0; (read line <&3; echo late) & echo early"))
	streams := p.Streams()
	if exit, err := p.Wait(); err != nil || exit != (backend.Exit{}) {
		t.Fatalf("Wait = %+v, %v", exit, err)
	}
	if got := await(t, streams.Stdout, "\n"); got != "early\n" {
		t.Errorf("stdout = %q, want early", got)
	}
	_, _ = io.WriteString(streams.Stdin, "go\n")
	if rest, err := io.ReadAll(streams.Stdout); string(rest) != "late\n" || err != nil {
		t.Errorf("stdout = %q, %v, want late", rest, err)
	}
}

func (s suite) testEndOfInputEndsNothing(t *testing.T) {
	r := run(t, s.connect(t), sh("cat; sleep 0.2; echo alive"), "x")
	if string(r.stdout) != "xalive\n" {
		t.Errorf("stdout = %q, want xalive", r.stdout)
	}
	wantExit(t, r.exit, 0)
}

func (s suite) testStatuses(t *testing.T) {
	h := s.connect(t)
	for status := range uint32(256) {
		wantExit(t, run(t, h, sh(fmt.Sprintf("exit %d", status)), "").exit, status)
	}
}

func (s suite) testNoSuchProgram(t *testing.T) {
	r := run(t, s.connect(t), sh("/no/such/program"), "")
	wantExit(t, r.exit, 127)
	if len(r.stderr) == 0 {
		t.Error("nothing on stderr")
	}
}

func (s suite) testShell(t *testing.T) {
	r := run(t, s.connect(t), backend.Command{Kind: backend.Shell}, "echo hello\nexit 5\n")
	if !strings.Contains(string(r.stdout), "hello\n") {
		t.Errorf("stdout = %q, want hello in it", r.stdout)
	}
	wantExit(t, r.exit, 5)
}

func (s suite) testUnknownSubsystem(t *testing.T) {
	p, err := s.connect(t).Start(t.Context(), backend.Command{Kind: backend.Subsystem, Program: "no-such\n"})
	if err == nil {
		_ = p.Close()
		t.Fatal("Start of a subsystem that does not exist = nil, want an error")
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q has the client's bytes unquoted", err)
	}
}

func (s suite) testEnv(t *testing.T) {
	cmd := sh(`printf '<%s>' "$A" "$LC_ALL" "$TERM"`)
	cmd.Env = []string{"A=b=c \n", "LC_ALL=C"}
	if r := run(t, s.connect(t), cmd, ""); string(r.stdout) != "<b=c \n><C><>" {
		t.Errorf("stdout = %q, want the variables", r.stdout)
	}
}

func (s suite) testManyAtOnce(t *testing.T) {
	h := s.connect(t)
	var wg sync.WaitGroup
	for i := range 40 {
		p := start(t, h, sh(fmt.Sprintf("cat; exit %d", i)))
		wg.Go(func() {
			want := strings.Repeat(fmt.Sprintf("line of %d\n", i), 10000)
			r, err := drive(p, strings.NewReader(want))
			if err != nil || string(r.stdout) != want || r.exit.Status != uint32(i) {
				t.Errorf("program %d: %d bytes, exit %+v, %v", i, len(r.stdout), r.exit, err)
			}
		})
	}
	wg.Wait()
}
