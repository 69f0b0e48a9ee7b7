package logs_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/bench/load"
	"github.com/sshtrail/sshtrail/bench/logs"
	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/verify"
)

// TestLogsAreWholeAndLong makes each kind of log, and has it verified.
func TestLogsAreWholeAndLong(t *testing.T) {
	for _, k := range []struct {
		name    string
		happens func(*logs.Session) error
		events  uint64
		atLeast time.Duration
	}{
		{"keys", logs.Keys(5000, load.Pace), 10_000, 10 * time.Minute},
		{"lines", logs.Lines(1000), 1000, 5 * time.Second},
		{"pieces", logs.Pieces(load.Data(load.Text, 1<<20), 4<<20, 10*time.Hour), 128, 9 * time.Hour},
	} {
		t.Run(k.name, func(t *testing.T) {
			path, err := logs.Make(context.Background(), t.TempDir(), k.happens)
			if err != nil {
				t.Fatal(err)
			}
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			got, err := verify.Log(t.Context(), f, verify.Options{})
			if err != nil || got.Verdict != binary.Complete {
				t.Fatalf("verify = %+v, %v", got, err)
			}
			long := time.Duration(got.Summary.End - got.Summary.Start)
			if got.Messages < k.events || got.Messages > k.events+20 || long < k.atLeast || long > 2*k.atLeast+time.Minute {
				t.Errorf("%d messages in %v, want about %d in %v", got.Messages, long, k.events, k.atLeast)
			}
		})
	}
}
