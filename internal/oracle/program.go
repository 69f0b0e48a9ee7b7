package oracle

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// Plan is what the two sides of an exchange send.
type Plan struct {
	// Seed decides the bytes and in which pieces they are written.
	Seed uint64
	// Stdin is how many bytes the client sends; Stdout and Stderr, the program.
	Stdin, Stdout, Stderr int64
	// Status is what the program exits with.
	Status int
}

func (p Plan) seed(stream uint64) uint64 { return p.Seed*seedsPerExchange + stream }

// Sent returns what the two sides send.
func (p Plan) Sent() (stdin, stdout, stderr Content) {
	return DataContent(p.seed(stdinSeed), p.Stdin),
		DataContent(p.seed(stdoutSeed), p.Stdout),
		DataContent(p.seed(stderrSeed), p.Stderr)
}

// Report is what the program says, in JSON, that it read and wrote.
type Report struct {
	Stdin  Content `json:"stdin"`
	Stdout Content `json:"stdout"`
	Stderr Content `json:"stderr"`
}

// programName, as the first argument, makes a test binary the program.
const programName = "oracle-program"

// RunProgram does what an exchange's command line says, if this process was started by
// one: then it does not return. A TestMain begins with it.
func RunProgram() {
	if len(os.Args) < 2 || os.Args[1] != programName {
		return
	}
	status, err := program(os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, programName+":", err)
		status = 99
	}
	os.Exit(status)
}

// commandLine is the program's, for a shell.
func commandLine(p Plan, report string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	// The race detector would sleep for a second at each end.
	return fmt.Sprintf("exec env GORACE=atexit_sleep_ms=0 %s %s %d %d %d %d %s", quote(self), programName, p.Seed, p.Stdout, p.Stderr, p.Status, quote(report)), nil
}

// quote makes one word of s for a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// program reads standard input to its end while it writes both outputs, reports what it
// read and wrote, and returns the status to exit with.
func program(args []string) (int, error) {
	var p Plan
	if len(args) != 5 {
		return 0, fmt.Errorf("%d arguments where 5 belong", len(args))
	}
	if _, err := fmt.Sscan(strings.Join(args[:4], " "), &p.Seed, &p.Stdout, &p.Stderr, &p.Status); err != nil {
		return 0, fmt.Errorf("read arguments: %w", err)
	}
	var in, out, errs Meter
	var sides sync.WaitGroup
	var readErr, outErr, errErr error
	sides.Go(func() { _, readErr = io.Copy(&in, os.Stdin) })
	sides.Go(func() { outErr = p.write(os.Stdout, &out, p.Stdout, stdoutSeed) })
	sides.Go(func() { errErr = p.write(os.Stderr, &errs, p.Stderr, stderrSeed) })
	sides.Wait()
	if err := errors.Join(readErr, outErr, errErr); err != nil {
		return 0, err
	}
	b, err := json.Marshal(Report{in.Content(), out.Content(), errs.Content()})
	if err != nil {
		return 0, fmt.Errorf("write report: %w", err)
	}
	// Whole or not at all: whoever reads it may do so while this runs.
	if err := os.WriteFile(args[4]+".new", b, 0o600); err != nil {
		return 0, fmt.Errorf("write report: %w", err)
	}
	return p.Status, os.Rename(args[4]+".new", args[4])
}

func (p Plan) write(w io.Writer, m *Meter, n int64, stream uint64) error {
	return writeChunks(io.MultiWriter(w, m), Data(p.seed(stream), n), p.seed(sizesSeed)+stream)
}
