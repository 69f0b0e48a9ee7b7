package s3

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/sshtrail/sshtrail/storage"
)

// List yields the logs in the bucket and on this machine.
func (s *Store) List(ctx context.Context, from storage.Name) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		local, stop := iter.Pull2(s.listLocal(ctx, from))
		defer stop()
		info, err, more := local()
		for remote, remoteErr := range s.listRemote(ctx, from) {
			for more && (err != nil || remoteErr != nil || info.Name <= remote.Name) {
				same := remoteErr == nil && info.Name == remote.Name
				if !yield(info, err) || err != nil {
					return
				}
				info, err, more = local()
				if same {
					remote.Name = ""
				}
			}
			if remote.Name != "" || remoteErr != nil {
				if !yield(remote, remoteErr) || remoteErr != nil {
					return
				}
			}
		}
		for more {
			if !yield(info, err) || err != nil {
				return
			}
			info, err, more = local()
		}
	}
}

func (s *Store) listRemote(ctx context.Context, from storage.Name) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		for o, err := range s.remote.List(ctx, "", "") {
			if err != nil {
				yield(storage.Info{}, fmt.Errorf("list logs: %w", err))
				return
			}
			name := storage.Name(o.Key)
			if name < from || strings.Contains(o.Key, "/") || allowed(ctx, name) != nil {
				continue
			}
			if !yield(storage.Info{Name: name, Size: o.Size, Modified: o.Modified, Finished: true}, nil) {
				return
			}
		}
	}
}
