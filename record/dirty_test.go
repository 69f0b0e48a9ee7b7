package record_test

import (
	"sync"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage/mem"
)

// Logs begin and end while the loop that syncs looks for what there is to sync. It
// shows a loop that shares its list with them only to the race detector.
func TestLogsEndWhileOthersAreSynced(t *testing.T) {
	r, err := record.Open(t.Context(), record.Config{Journal: t.TempDir(), Store: mem.New(), Sync: time.Microsecond})
	if err != nil {
		t.Fatal(err)
	}
	var connections sync.WaitGroup
	for range 4 {
		connections.Go(func() {
			for range 25 {
				l := r.Begin()
				for _, body := range []event.Body{&event.Connect{Country: "XX"}, &event.HandshakeSuccessful{Username: "alice"}, &event.Disconnect{By: event.ByClient}} {
					if err := l.Emit(0, body); err != nil {
						t.Errorf("Emit(%T): %v", body, err)
					}
				}
			}
		})
	}
	connections.Wait()
	if err := r.Close(t.Context(), "over"); err != nil {
		t.Error(err)
	}
}
