package backendtest

import (
	"io"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/internal/backend"
)

func onTerminal(script string, modes ...byte) backend.Command {
	cmd := sh(script)
	cmd.PTY = &backend.PTY{Term: "xterm-test", Size: backend.Size{Columns: 123, Rows: 45, Width: 1230, Height: 900}, Modes: modes}
	return cmd
}

func (s suite) testTerminal(t *testing.T) {
	p := start(t, s.connect(t), onTerminal("test -t 0 && test -t 1 && test -t 2 && echo all; stty size; echo $TERM; echo err >&2; exit 3"))
	if p.Streams().Stderr != nil {
		t.Error("there is a stderr beside the terminal")
	}
	out, err := io.ReadAll(p.Streams().Stdout)
	if want := "all\r\n45 123\r\nxterm-test\r\nerr\r\n"; string(out) != want || err != nil {
		t.Errorf("output = %q, %v, want %q", out, err, want)
	}
	exit, err := p.Wait()
	if err != nil {
		t.Errorf("Wait: %v", err)
	}
	wantExit(t, exit, 3)
}

// RFC 4254 §8: opcode 53 is ECHO, 72 is ONLCR.
func (s suite) testTerminalModes(t *testing.T) {
	p := start(t, s.connect(t), onTerminal("echo ready; read line; echo \"<$line>\"", 53, 0, 0, 0, 0, 72, 0, 0, 0, 0, 0))
	await(t, p.Streams().Stdout, "ready\n")
	_, _ = io.WriteString(p.Streams().Stdin, "quiet\n")
	if out, err := io.ReadAll(p.Streams().Stdout); string(out) != "<quiet>\n" || err != nil {
		t.Errorf("output = %q, %v, want the line once, without a carriage return", out, err)
	}
}

func (s suite) testTerminalKeys(t *testing.T) {
	t.Run("interrupt", func(t *testing.T) {
		p := start(t, s.connect(t), onTerminal("trap 'echo interrupted; exit 4' INT; echo ready; while :; do sleep 0.05; done"))
		await(t, p.Streams().Stdout, "ready\r\n")
		_, _ = io.WriteString(p.Streams().Stdin, "\x03")
		await(t, p.Streams().Stdout, "interrupted")
		exit, _ := p.Wait()
		wantExit(t, exit, 4)
	})
	for name, end := range map[string]func(backend.Process){
		"end of file": func(p backend.Process) { _, _ = io.WriteString(p.Streams().Stdin, "word\n\x04") },
		"closed input": func(p backend.Process) {
			_, _ = io.WriteString(p.Streams().Stdin, "word\n")
			_ = p.Streams().Stdin.Close()
		},
		"closed input in a line": func(p backend.Process) {
			_, _ = io.WriteString(p.Streams().Stdin, "word")
			_ = p.Streams().Stdin.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, s.connect(t), onTerminal("echo ready; cat; echo done; exit 6", 53, 0, 0, 0, 0, 0))
			await(t, p.Streams().Stdout, "ready\r\n")
			end(p)
			if out, err := io.ReadAll(p.Streams().Stdout); !strings.HasPrefix(string(out), "word") || !strings.HasSuffix(string(out), "done\r\n") || err != nil {
				t.Errorf("output = %q, %v, want word, then done", out, err)
			}
			exit, _ := p.Wait()
			wantExit(t, exit, 6)
		})
	}
}

func (s suite) testTerminalResize(t *testing.T) {
	p := start(t, s.connect(t), onTerminal("trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done"))
	await(t, p.Streams().Stdout, "ready\r\n")
	if err := p.Resize(backend.Size{Columns: 77, Rows: 33}); err != nil {
		t.Fatalf("Resize: %v", err)
	}
	await(t, p.Streams().Stdout, "33 77\r\n")
	pipes := start(t, s.connect(t), sh("cat"))
	if err := pipes.Resize(backend.Size{Columns: 1, Rows: 1}); err != nil {
		t.Errorf("Resize without a terminal: %v", err)
	}
}

func (s suite) testTerminalOutputAfterTheEnd(t *testing.T) {
	p := start(t, s.connect(t), onTerminal("head -c 3000 /dev/zero | tr '\\0' x; echo end"))
	if exit, err := p.Wait(); err != nil || exit != (backend.Exit{}) {
		t.Fatalf("Wait = %+v, %v", exit, err)
	}
	if out, err := io.ReadAll(p.Streams().Stdout); string(out) != strings.Repeat("x", 3000)+"end\r\n" || err != nil {
		t.Errorf("read %d bytes, %v, want 3005", len(out), err)
	}
}
