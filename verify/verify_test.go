package verify_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/verify"
)

// wholeLog is a complete log and its digest.
func wholeLog(t *testing.T) ([]byte, string) {
	t.Helper()
	w := binary.NewWriter()
	log := w.AppendHeader(nil)
	var plain []byte
	for _, body := range []event.Body{
		&event.Connect{RemoteAddr: "192.0.2.7", Country: "XX"},
		&event.Summary{Version: 1, Start: 5, End: 5, Kinds: [event.NumKinds]uint64{event.KindOther: 1}, Index: w.Index(5)},
	} {
		var err error
		if plain, err = binary.AppendMessage(plain, &event.Event{Conn: "one", Time: 5, Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	log, err := w.AppendBlock(log, binary.Block{Plain: plain, Messages: 2, From: 5, To: 5, Kinds: 1 << event.KindOther}, binary.NewCompressor(1), 6)
	if err != nil {
		t.Fatal(err)
	}
	log = w.AppendEnd(log)
	return log, w.Digest()
}

func TestLog(t *testing.T) {
	log, digest := wholeLog(t)
	foreign, err := os.ReadFile("../codec/binary/testdata/containerssh/containerssh-v2-exec.log")
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Repeat("0", 64)
	tests := []struct {
		name    string
		log     []byte
		opts    verify.Options
		verdict binary.Verdict
		status  int
	}{
		{"complete", log, verify.Options{}, binary.Complete, 0},
		{"complete, strict", log, verify.Options{Strict: true}, binary.Complete, 0},
		{"its digest", log, verify.Options{Digest: digest}, binary.Complete, 0},
		{"its digest in capitals", log, verify.Options{Digest: strings.ToUpper(digest)}, binary.Complete, 0},
		{"another digest", log, verify.Options{Digest: other}, binary.Tampered, 4},
		{"complete and open", log, verify.Options{Open: true}, binary.Complete, 0},
		{"cut", log[:len(log)-1-9], verify.Options{}, binary.Truncated, 3},
		{"cut, open", log[:100], verify.Options{Open: true}, binary.Open, 3},
		{"cut, with a digest", log[:100], verify.Options{Digest: digest}, binary.Truncated, 3},
		{"longer", append(log[:len(log):len(log)], 0), verify.Options{Open: true}, binary.Tampered, 4},
		{"foreign", foreign, verify.Options{}, binary.Foreign, 0},
		{"foreign, strict", foreign, verify.Options{Strict: true}, binary.Foreign, 4},
		{"foreign in place of ours", foreign, verify.Options{Digest: digest}, binary.Tampered, 4},
		{"empty", nil, verify.Options{}, binary.Truncated, 3},
		{"no log", []byte("PK\x03\x04"), verify.Options{}, binary.NotALog, 1},
	}
	for _, tt := range tests {
		r, err := verify.Log(t.Context(), bytes.NewReader(tt.log), tt.opts)
		if err != nil || r.Verdict != tt.verdict || r.Status != tt.status {
			t.Errorf("%s: %v, status %d, %v; want %v, %d, nil", tt.name, r.Verdict, r.Status, err, tt.verdict, tt.status)
		}
		good := tt.verdict == binary.Complete || tt.verdict == binary.Foreign
		if (r.Fault == nil) != good || r.Fault != nil && (r.Fault.Verdict != tt.verdict || r.Fault.Why == "") {
			t.Errorf("%s: fault %v", tt.name, r.Fault)
		}
	}
}

func TestReport(t *testing.T) {
	log, digest := wholeLog(t)
	var progress int64
	r, err := verify.Log(t.Context(), bytes.NewReader(log), verify.Options{Progress: func(n int64) { progress = n }})
	if err != nil {
		t.Fatal(err)
	}
	if r.Digest != digest || r.Messages != 2 || r.Blocks != 1 || r.Bytes != int64(len(log)) || progress != r.Bytes || r.Summary == nil {
		t.Errorf("Log = %+v with progress %d, want digest %s, 2 messages, 1 block, %d bytes, a summary", r, progress, digest, len(log))
	}
}

func TestLogErrors(t *testing.T) {
	log, _ := wholeLog(t)
	if _, err := verify.Log(t.Context(), bytes.NewReader(log), verify.Options{Digest: "abc"}); err == nil {
		t.Error("Log with half a digest = nil error")
	}
	broken := errors.New("broken disk")
	for _, cut := range []int{0, 20, 41, 300} {
		r := io.MultiReader(bytes.NewReader(log[:cut]), iotest.ErrReader(broken))
		if _, err := verify.Log(t.Context(), r, verify.Options{}); !errors.Is(err, broken) {
			t.Errorf("Log of a disk that breaks at %d = %v, want that", cut, err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(broken)
	if _, err := verify.Log(ctx, bytes.NewReader(log), verify.Options{}); !errors.Is(err, broken) {
		t.Errorf("Log with a context that ended = %v, want its cause", err)
	}
}
