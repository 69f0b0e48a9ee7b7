package s3

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/file"
	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// Archive is a bucket for those who read only. It uploads nothing and changes nothing, and may be used
// beside a gateway, or on another machine.
type Archive struct{ s *Store }

// NewArchive returns the bucket that cfg describes, with what is in the folder Local unless that is empty. It makes
// no request. If the folder is not there or may not be read, the error wraps fs.ErrNotExist or fs.ErrPermission, and
// the archive is good, but for what is in the folder.
func NewArchive(cfg Config) (*Archive, error) {
	remote, err := bucket.New(cfg.Service)
	if err != nil {
		return nil, fmt.Errorf("open bucket: %w", err)
	}
	s := &Store{cfg: cfg.withDefaults(), remote: remote, logs: map[storage.Name]*log{}, logger: slog.New(slog.DiscardHandler)}
	if cfg.Local == "" {
		return &Archive{s}, nil
	}
	spool := &spool{dir: cfg.Local, fs: disk.OS{}}
	if spool.logs, err = file.New(file.Config{Directory: cfg.Local}, spool.fs); err == nil {
		_, err = spool.scan()
	}
	if err != nil {
		err = fmt.Errorf("look at logs that are not uploaded yet in %q: %w", cfg.Local, err)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return &Archive{s}, err
		}
		remote.Close()
		return nil, err
	}
	s.spool = spool
	return &Archive{s}, nil
}

// Open opens a log for reading. Reading goes on in ctx.
func (a *Archive) Open(ctx context.Context, name storage.Name) (storage.Reader, error) {
	if a.s.spool != nil {
		return a.s.Open(ctx, name)
	}
	if err := allowed(ctx, name); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	r, err := a.s.openRemote(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return r, nil
}

// List yields the logs whose names are not below from, in the order of their names.
func (a *Archive) List(ctx context.Context, from storage.Name) iter.Seq2[storage.Info, error] {
	if a.s.spool != nil {
		return a.s.List(ctx, from)
	}
	return a.s.listRemote(ctx, from)
}

// Close closes the connections that are not in use.
func (a *Archive) Close() { a.s.remote.Close() }

// String names the bucket as a URL.
func (a *Archive) String() string { return a.s.remote.String() }
