package s3

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// Here is List for what is in the spool alone. It makes no request.
func (s *Store) Here(ctx context.Context) iter.Seq2[storage.Info, error] { return s.listLocal(ctx, "") }

// Elsewhere yields the unfinished logs that the bucket has something of and this machine has not, in the order of
// their names. It fails where the account may not list.
func (s *Store) Elsewhere(ctx context.Context) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		for info, err := range s.listRemote(ctx, "") {
			here := false
			if err == nil && !info.Finished {
				here, err = s.spool.isThere(info.Name)
			}
			switch {
			case err != nil:
				yield(storage.Info{}, err)
				return
			case !info.Finished && !here && !yield(info, nil):
				return
			}
		}
	}
}

// LastSeen returns when the machine that writes an unfinished log has last sent something of it. One that has
// nothing to send sends nothing.
func (s *Store) LastSeen(ctx context.Context, name storage.Name) (time.Time, error) {
	var last time.Time
	later := func(t time.Time) {
		if t.After(last) {
			last = t
		}
	}
	err := patiently(ctx, func() error {
		st, err := s.remote.Head(ctx, string(name)+tailSuffix)
		if err == nil {
			later(st.Modified)
		} else if !errors.Is(err, bucket.ErrNotExist) {
			return err
		}
		for u, err := range s.remote.Uploads(ctx, string(name)) {
			if err != nil || u.Key != string(name) {
				return err
			}
			later(u.Begun)
			for p, err := range s.remote.Parts(ctx, u.Key, u.ID) {
				if err != nil {
					return err
				}
				later(p.Modified)
			}
		}
		return nil
	})
	if err != nil {
		return last, fmt.Errorf("look when something of log %q was sent: %w", string(name), err)
	}
	return last, nil
}
