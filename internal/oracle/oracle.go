// Package oracle decides in tests whether a log is exact.
//
// An [Exchange] is a client and a program that send each other bytes made from a seed.
// Each notes what it sent and what it received; [Read] notes what the log says was sent.
// A recorder is exact if the three agree, in each direction:
//
//	x := oracle.NewExchange(t, oracle.Plan{Stdin: 8 << 20, Stdout: 8 << 20, Stderr: 1 << 20, Status: 3})
//	x.Run(t, exec.Command("ssh", "host", x.Command()))
//	x.Check(t, oracle.ReadFile(t, path))
//
// The program is the test binary itself, so its TestMain begins with [RunProgram].
package oracle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
)

// maxKept is how many bytes of a stream are kept, beside their number and their hash.
const maxKept = 64 << 20

// Content is the bytes of one stream, from its beginning to its end.
type Content struct {
	Length int64  `json:"length"`
	SHA256 string `json:"sha256"` // lower-case hex
	// Bytes are the bytes themselves. It is nil where they are not known: in what a
	// program reports, and in a stream above 64 MiB.
	Bytes []byte `json:"-"`
}

// Of returns the Content that b is. It keeps b.
func Of(b []byte) Content {
	sum := sha256.Sum256(b)
	return Content{Length: int64(len(b)), SHA256: hex.EncodeToString(sum[:]), Bytes: b}
}

// Meter is an io.Writer that takes the measure of what is written to it. The zero Meter
// is ready for use, by one goroutine at a time.
type Meter struct {
	sum    hash.Hash
	length int64
	kept   []byte
}

// Write implements io.Writer. It never fails, and does not keep p.
func (m *Meter) Write(p []byte) (int, error) {
	if m.sum == nil {
		m.sum = sha256.New()
	}
	m.sum.Write(p)
	m.length += int64(len(p))
	if m.length <= maxKept {
		m.kept = append(m.kept, p...)
	}
	return len(p), nil
}

// Content returns what was written so far.
func (m *Meter) Content() Content {
	if m.sum == nil {
		return Of([]byte{})
	}
	c := Content{Length: m.length, SHA256: hex.EncodeToString(m.sum.Sum(nil))}
	if m.length <= maxKept {
		c.Bytes = m.kept
	}
	return c
}

// Diff says how c is not want: empty if it is.
func (c Content) Diff(want Content) string {
	if c.Length == want.Length && c.SHA256 == want.SHA256 {
		return ""
	}
	s := fmt.Sprintf("has %d bytes (SHA-256 %.12s…), want %d (%.12s…)", c.Length, c.SHA256, want.Length, want.SHA256)
	if c.Bytes == nil || want.Bytes == nil {
		return s
	}
	return s + "; " + difference(c.Bytes, want.Bytes)
}

// NoPrefix says why c is not how whole begins: empty if it is. The bytes of both must be
// known.
func (c Content) NoPrefix(whole Content) string {
	if bytes.HasPrefix(whole.Bytes, c.Bytes) && int64(len(c.Bytes)) == c.Length {
		return ""
	}
	return fmt.Sprintf("has %d bytes that are not how the %d begin; %s", c.Length, whole.Length, difference(c.Bytes, whole.Bytes))
}

// shown is how many bytes a failure shows from the first difference on.
const shown = 24

// difference says where got and want begin to differ.
func difference(got, want []byte) string {
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	excerpt := func(b []byte) string {
		if at == len(b) {
			return "its end"
		}
		return fmt.Sprintf("%q", b[at:min(at+shown, len(b))])
	}
	return fmt.Sprintf("the first difference is at byte %d: %s, want %s", at, excerpt(got), excerpt(want))
}
