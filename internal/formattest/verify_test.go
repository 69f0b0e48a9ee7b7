package formattest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/verify"
)

// samples returns one file for each verdict that a file alone can have.
func samples() map[string][]byte {
	recovered := one()
	recovered.blocks[0].flags = flagRecovered
	foreign, _ := foreignFile{version: 2, items: usual()}.build()
	complete := one().build().bytes
	return map[string][]byte{
		"not a log": []byte("no log, but text that is longer than the forty bytes of a header"), "tampered": append(bytes.Clone(complete), 'x'),
		"truncated": complete[:len(complete)-1], "foreign": foreign, "recovered": recovered.build().bytes, "complete": complete,
	}
}

// TestStatuses is the second column of §7.
func TestStatuses(t *testing.T) {
	want := map[string]int{"not a log": 1, "tampered": 4, "truncated": 3, "foreign": 0, "recovered": 0, "complete": 0}
	for verdict, b := range samples() {
		expect(t, verdict, b, verdict)
		report, err := verify.Log(context.Background(), bytes.NewReader(b), verify.Options{})
		if err != nil || report.Status != want[verdict] || report.Verdict.Status() != want[verdict] {
			t.Errorf("%s: status = %d, of the verdict %d, %v, want %d", verdict, report.Status, report.Verdict.Status(), err, want[verdict])
		}
	}
}

// TestSlowReaders reads what comes a byte at a time, and what comes with its EOF.
func TestSlowReaders(t *testing.T) {
	for verdict, b := range samples() {
		for _, slow := range []io.Reader{iotest.OneByteReader(bytes.NewReader(b)), iotest.DataErrReader(bytes.NewReader(b)), iotest.HalfReader(bytes.NewReader(b))} {
			report, err := verify.Log(context.Background(), slow, verify.Options{})
			if err != nil || report.Verdict.String() != verdict {
				t.Errorf("from %T: verdict = %q, %v, want %q", slow, report.Verdict, err, verdict)
			}
		}
	}
}

// TestBrokenReaders is "A file that can't be read is 1": it has no verdict, least of all truncated.
func TestBrokenReaders(t *testing.T) {
	broken := errors.New("broken")
	for verdict, b := range samples() {
		for n := range b {
			if verdict == "not a log" && n >= 3 || verdict == "tampered" && n < len(b)-1 && n%16 != 0 {
				continue
			}
			_, err := verify.Log(context.Background(), io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(broken)), verify.Options{})
			if !errors.Is(err, broken) {
				t.Errorf("%s, broken after %d bytes: error is %v, want the reader's", verdict, n, err)
			}
			r := binary.NewReader(io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(broken)))
			for err = nil; err == nil; {
				_, err = r.Next()
			}
			if !errors.Is(err, broken) {
				t.Errorf("%s, broken after %d bytes: the decoder's error is %v, want the reader's", verdict, n, err)
			}
		}
	}
}

// TestVersionIsNamed is "the message names it".
func TestVersionIsNamed(t *testing.T) {
	b := one().build().bytes
	b[32], b[33] = 0x39, 0x30
	if got := expect(t, "version 12345", b, "not a log"); got.err == nil || !strings.Contains(got.err.Error(), "12345") {
		t.Errorf("the message is %q, want it to name version 12345", got.err)
	}
}

// TestStrict is "verify --strict gives 4" for a foreign file, and nothing else for the others.
func TestStrict(t *testing.T) {
	for verdict, b := range samples() {
		report, err := verify.Log(context.Background(), bytes.NewReader(b), verify.Options{Strict: true})
		want := report.Verdict.Status()
		if verdict == "foreign" {
			want = 4
		}
		if err != nil || report.Verdict.String() != verdict || report.Status != want {
			t.Errorf("%s, strict: verdict = %q, status %d, %v, want status %d", verdict, report.Verdict, report.Status, err, want)
		}
	}
}

// TestOpen is "as truncated, but … its writer holds" a lock on it, which changes no other verdict.
func TestOpen(t *testing.T) {
	for verdict, b := range samples() {
		report, err := verify.Log(context.Background(), bytes.NewReader(b), verify.Options{Open: true})
		want := verdict
		if verdict == "truncated" {
			want = "open"
		}
		if err != nil || report.Verdict.String() != want || report.Verdict.Status() != report.Status {
			t.Errorf("%s, open: verdict = %q, status %d, %v, want %q", verdict, report.Verdict, report.Status, err, want)
		}
		if want == "open" && report.Status != 3 {
			t.Errorf("open: status = %d, want 3", report.Status)
		}
	}
}

// TestDigestFromElsewhere is `verify --digest HEX`.
func TestDigestFromElsewhere(t *testing.T) {
	b := one(output(1, "a")).build()
	other := one(output(1, "b")).build()
	for digest, want := range map[string]string{b.digest: "complete", other.digest: "tampered", strings.Repeat("0", 64): "tampered"} {
		report, err := verify.Log(context.Background(), bytes.NewReader(b.bytes), verify.Options{Digest: digest})
		if err != nil || report.Verdict.String() != want {
			t.Errorf("with digest %s: verdict = %q, %v, want %q", digest, report.Verdict, err, want)
		}
		if report.Digest != b.digest {
			t.Errorf("with digest %s: digest = %s, want %s", digest, report.Digest, b.digest)
		}
	}
}
