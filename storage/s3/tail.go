package s3

import (
	"context"
	"fmt"
	"time"

	"github.com/sshtrail/sshtrail/storage"
)

// TailInterval is Config.Flush.
func (s *Store) TailInterval() time.Duration { return s.cfg.Flush }

// Tail is not there yet.
func (w *writer) Tail(ctx context.Context, state []byte) error { return nil }

// State returns nothing yet.
func (s *Store) State(ctx context.Context, name storage.Name) ([]byte, error) {
	return nil, fmt.Errorf("state of log %q: %w", string(name), storage.ErrNotExist)
}

func (s *Store) adopt(ctx context.Context, name storage.Name) error { return storage.ErrNotExist }
