package s3

import (
	"testing"
	"testing/synctest"

	"github.com/sshtrail/sshtrail/internal/s3test/hostile"
)

// TestLogsOfManySizes have their bytes in the bucket, under their names, and nothing is left here.
func TestLogsOfManySizes(t *testing.T) {
	for _, size := range []int{0, 1, partSize - 1, partSize, partSize + 1, 2*partSize - 1, 2 * partSize, 10 * partSize, 10*partSize + 1} {
		synctest.Test(t, func(t *testing.T) {
			server, fsys := newServer(hostile.Six()), newDisk(t)
			s := newStore(t, testConfig(server), fsys, nil)
			finish(t, s, "log", pattern(size))
			drained(t, s)
			wantObject(t, "at the end", server, "log", pattern(size))
			wantEmpty(t, "at the end", fsys)
			if open := server.Uploads(); len(open) > 0 {
				t.Errorf("uploads are left open: %v", open)
			}
		})
	}
}
