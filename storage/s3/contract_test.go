package s3

import (
	"context"
	"testing"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/s3test/hostile"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/storagetest"
)

// contextOver is one that has ended.
func contextOver(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx, cancel
}

func TestContract(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store {
		cfg := testConfig(newServer(nil))
		cfg.Local, cfg.PartSize = t.TempDir(), 1<<20
		s := newStore(t, cfg, disk.OS{}, nil)
		t.Cleanup(func() { s.Close(context.Background()) })
		return s
	})
}

func TestContractInMemory(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store {
		cfg := testConfig(newServer(nil))
		cfg.PartSize = 64 << 10
		s := newStore(t, cfg, newDisk(t), nil)
		t.Cleanup(func() { s.Close(context.Background()) })
		return s
	})
}

// TestContractDuringAnOutage: what the bucket is needed for is to read what has left the spool, and to list.
func TestContractDuringAnOutage(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store {
		server := newServer(nil)
		server.Plan(func(r hostile.Request) *hostile.Fault {
			switch r.Op {
			case hostile.PutObject, hostile.CreateUpload:
				return hostile.Refuse(503, "SlowDown")
			}
			return nil
		})
		s := newStore(t, testConfig(server), newDisk(t), nil)
		t.Cleanup(func() { closed(t, s) })
		return s
	})
}
