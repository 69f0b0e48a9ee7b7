// Package verify says what a log is worth as evidence.
package verify

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

// Options change what [Log] asks of a log. The zero value is good.
type Options struct {
	// Strict gives a foreign log, in which nothing can be checked, the status of one that was
	// tampered with.
	Strict bool
	// Digest, if it is set, is what the log must have: the SHA-256 of its end mark, in
	// 64 hexadecimal digits, known from elsewhere. The chain in a log has no key, so
	// this alone holds against somebody who can write the whole file anew.
	Digest string
	// Open says that a writer was at work on the log when r was opened: then it is no
	// wonder that the log has no end.
	Open bool
	// Parallel is how many blocks are checked at once; below 2 it is one after the other.
	// It is for files: from what makes a reader wait nothing is gained.
	Parallel int
	// Progress, if it is set, is told now and then how many bytes were read.
	Progress func(read int64)
}

// Report is what was found out about a log.
type Report struct {
	Verdict  binary.Verdict
	Status   int    // exit status of a command
	Digest   string // "" without an end mark
	Messages uint64 // in what is good
	Blocks   int
	Bytes    int64          // read
	Fault    *binary.Fault  // where and why, for the verdicts that are not good
	Summary  *event.Summary // of a complete or recovered log
}

// Log reads a log to its end and reports its verdict. The error is one of reading, of
// ctx, or of opts; what is wrong with the log is in the report.
func Log(ctx context.Context, r io.Reader, opts Options) (Report, error) {
	if b, err := hex.DecodeString(opts.Digest); err != nil || len(b) != 0 && len(b) != 32 {
		return Report{}, fmt.Errorf("digest %q: must be 64 hexadecimal digits, as verify prints them", opts.Digest)
	}
	counted := &counter{ctx: ctx, r: r, progress: opts.Progress}
	log := binary.NewReader(counted)
	log.Parallel(opts.Parallel, nil)
	var err error
	for err == nil {
		_, err = log.Next()
	}
	report := Report{
		Verdict:  log.Verdict(),
		Digest:   log.Digest(),
		Messages: log.Messages(),
		Blocks:   log.Blocks(),
		Bytes:    counted.n,
		Summary:  log.Summary(),
	}
	if err != io.EOF && !errors.As(err, &report.Fault) {
		return report, err
	}
	report.judge(opts)
	return report, nil
}

// judge brings in what the log itself can't know.
func (r *Report) judge(opts Options) {
	switch r.Verdict {
	case binary.Complete, binary.Recovered, binary.Foreign:
		// Who puts a foreign log in the place of one with a digest has changed it too.
		if opts.Digest != "" && !strings.EqualFold(r.Digest, opts.Digest) {
			r.Verdict = binary.Tampered
			r.Fault = &binary.Fault{Verdict: r.Verdict, Why: "its digest is not the given one"}
		}
	case binary.Truncated:
		if opts.Open {
			r.Verdict = binary.Open
			fault := *r.Fault
			fault.Verdict = binary.Open
			r.Fault = &fault
		}
	}
	r.Status = r.Verdict.Status()
	if r.Verdict == binary.Foreign && opts.Strict {
		r.Status = binary.Tampered.Status()
	}
}

// counter counts what is read, and stops when ctx ends.
type counter struct {
	ctx      context.Context
	r        io.Reader
	n        int64
	progress func(int64)
}

func (c *counter) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.progress != nil {
		c.progress(c.n)
	}
	return n, err
}
