package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/sshtrail/sshtrail/codec/asciicast"
	"github.com/sshtrail/sshtrail/internal/config"
	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/file"
)

// keeping is where the configuration wants logs to be kept: in each of its formats in each
// of its places. One of these pairs is the log of record, the others are made from it.
type keeping struct {
	store   storage.Store
	copies  []record.Copy
	discard func(storage.Name) error // nil: the log of record stays
	places  []depot
}

// depot is one storage of the configuration.
type depot struct {
	name   string
	store  storage.Store
	folder string                      // that logs are written to first, or at all
	close  func(context.Context) error // nil: nothing is to be closed
}

// openKeeping opens all that logs are kept in. The caller closes it, after the recorder.
func openKeeping(cfg *config.Config, logger *slog.Logger) (_ *keeping, err error) {
	k := &keeping{}
	defer func() {
		if err != nil {
			err = errors.Join(err, k.close(context.Background()))
		}
	}()
	for _, name := range cfg.Audit.Storage {
		p, err := openPlace(cfg, name, logger)
		if err != nil {
			return nil, err
		}
		k.places = append(k.places, p)
	}
	first, err := k.first(cfg)
	if err != nil {
		return nil, err
	}
	k.store = first.store
	for _, p := range k.places {
		for _, format := range cfg.Audit.Format {
			if format != binaryFormat || p.name != first.name {
				k.copies = append(k.copies, copyOf(cfg, format, p))
			}
		}
	}
	return k, nil
}

const (
	binaryFormat    = "binary"
	asciinemaFormat = "asciinema"
	fileStorage     = "file"
	s3Storage       = "s3"
	// spoolFolder is in the journal's folder, for logs of record that nobody asked for.
	spoolFolder = "spool"
)

// first returns the place of the log of record: a folder, if there is one for it, since
// all others are made from it; without binary among the formats a folder in the journal.
func (k *keeping) first(cfg *config.Config) (depot, error) {
	if cfg.Audit.Format.Has(binaryFormat) {
		if i := slices.IndexFunc(k.places, func(p depot) bool { return p.name == fileStorage }); i >= 0 {
			return k.places[i], nil
		}
		if len(cfg.Audit.Format) == 1 && len(k.places) == 1 {
			return k.places[0], nil
		}
	}
	dir := filepath.Join(journalFolder(cfg), spoolFolder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return depot{}, fmt.Errorf("create folder for logs that wait to be copied: %w", err)
	}
	spool, err := file.New(file.Config{Directory: dir}, disk.OS{})
	if err != nil {
		return depot{}, err
	}
	k.discard = func(name storage.Name) error { return spool.Remove(context.Background(), name) }
	p := depot{name: spoolFolder, store: spool, folder: dir}
	return p, nil
}

// copyOf returns what makes one format in one place. Where that is no format of record,
// the gateway's own log is there all the same: it is the record of access.
func copyOf(cfg *config.Config, format string, p depot) record.Copy {
	c := record.Copy{Name: format + " in " + p.name, Store: p.store}
	if format == asciinemaFormat {
		version := asciicast.Version(cfg.Audit.Asciinema.Version)
		c.View = func(target string, create record.Create) record.View { return newCastView(version, target, create) }
		c.Own = !cfg.Audit.Format.Has(binaryFormat)
	}
	return c
}

// newCastView makes the casts of a log: one of each session channel.
func newCastView(version asciicast.Version, target string, create record.Create) record.View {
	var e *asciicast.Encoder
	e = asciicast.NewEncoder(asciicast.Options{Version: version, Target: target}, func(channel uint64) (io.WriteCloser, error) {
		return create(storage.Name(asciicast.Name(e.Conn(), channel)), asciicast.MediaType)
	})
	return e
}

// openPlace opens a storage that the configuration names.
func openPlace(cfg *config.Config, name string, logger *slog.Logger) (depot, error) {
	switch name {
	case fileStorage:
		s, err := openFileStorage(cfg)
		return depot{name: name, store: s, folder: logsFolder(cfg)}, err
	case s3Storage:
		s, err := openS3Storage(&cfg.Audit.S3, logger)
		if err != nil {
			return depot{}, err
		}
		return depot{name: name, store: s, folder: cfg.Audit.S3.Local, close: finishUploads(s, cfg.Audit.S3.ShutdownGrace.Duration(), logger)}, nil
	}
	return depot{}, fmt.Errorf("storage %q is not built in", name)
}

// openFileStorage returns the store in the configuration's folder. A folder that is missing
// is made if the one above it is there; the embedded default's are all.
func openFileStorage(cfg *config.Config) (*file.Store, error) {
	c := file.Config{Directory: logsFolder(cfg)}
	if cfg.Embedded {
		if err := os.MkdirAll(cfg.State, 0o700); err != nil {
			return nil, fmt.Errorf("create folder for logs: %w", err)
		}
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := c.MakeDirectory(disk.OS{}); err != nil {
		return nil, err
	}
	return file.New(c, disk.OS{})
}

// folders returns where room is needed, beside the journal.
func (k *keeping) folders() []string {
	var all []string
	for _, p := range k.places {
		all = append(all, p.folder)
	}
	return all
}

// close gives the places the time that ctx has to bring to their end what is under way.
func (k *keeping) close(ctx context.Context) error {
	var err error
	for _, p := range k.places {
		if p.close != nil {
			err = errors.Join(err, p.close(ctx))
		}
	}
	return err
}
