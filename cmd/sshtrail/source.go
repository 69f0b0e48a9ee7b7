package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strings"

	"github.com/sshtrail/sshtrail/codec/asciicast"
	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/file"
	"github.com/sshtrail/sshtrail/storage/s3"
)

// logHelp says what a LOG argument may be.
const logHelp = `
LOG is the id of a log in the store, or the beginning of an id if only one log has it;
a file; s3://BUCKET/KEY; or - for standard input. What could be both an id and a file is
the id: write ./NAME for a file in this folder. The store is the configuration's (--config).`

// source is a log that a command reads.
type source struct {
	name string      // its id, or what the file was called
	r    io.Reader   // the whole of it, once
	at   io.ReaderAt // the same, anywhere and again; nil where that can't be had
	size int64       // -1 if it is not known
	open bool        // a writer is at work on it
	far  bool        // each piece that is read costs a request
	// journal is the folder with what a log of the configuration's store has no block
	// of yet; empty for other logs.
	journal string
	io.Closer
}

// shelf is a store for those who only read.
type shelf interface {
	Open(ctx context.Context, name storage.Name) (storage.Reader, error)
	List(ctx context.Context, from storage.Name) iter.Seq2[storage.Info, error]
}

// library is where LOG arguments are looked up. It asks for the configuration once, and
// only if an argument may be an id.
type library struct {
	app     *app
	asked   bool
	store   shelf
	journal string
	missing error // why there is no store yet
	err     error // why there can't be one
}

func (a *app) library() *library { return &library{app: a} }

// openLog opens what the one LOG argument of a command names.
func (a *app) openLog(ctx context.Context, arg string) (*source, error) {
	return a.library().open(ctx, arg)
}

// open opens what a LOG argument names.
func (l *library) open(ctx context.Context, arg string) (*source, error) {
	switch {
	case arg == "":
		return nil, usageError{errors.New("LOG is empty: give an id, a file, or - for standard input")}
	case arg == "-":
		return l.app.standardInput(), nil
	case isS3(arg):
		return l.app.openObject(ctx, arg)
	case strings.ContainsRune(arg, os.PathSeparator):
		return openFile(arg)
	}
	if !l.asked {
		l.asked = true
		l.store, l.journal, l.missing, l.err = l.app.store()
	}
	if l.err != nil {
		return nil, l.err
	}
	if l.missing == nil {
		name, err := find(ctx, l.store, arg)
		if err != nil {
			return nil, err
		}
		if name != "" {
			return openStored(ctx, l.store, l.journal, name)
		}
	}
	return l.openFile(arg)
}

// openFile opens a file in this folder, since arg is no log of the store.
func (l *library) openFile(arg string) (*source, error) {
	if _, err := os.Lstat(arg); err == nil {
		return openFile(arg)
	}
	if l.missing != nil {
		return nil, fmt.Errorf("no file %q here, and no store to look for such a log in: %w", arg, l.missing)
	}
	return nil, fmt.Errorf("no log whose id begins with %q, and no file %q here: 'sshtrail ls%s' lists the logs", arg, arg, l.app.configArgument())
}

// store returns the configuration's store, for reading only, and its journal's folder.
// missing says that it has no store yet.
func (a *app) store() (s shelf, journal string, missing, err error) {
	cfg, err := a.config()
	if errors.Is(err, fs.ErrNotExist) && a.configFile == "" {
		return nil, "", err, nil
	}
	if err != nil {
		return nil, "", nil, err
	}
	if cfg.Audit.Storage.Has(s3Storage) && !cfg.Audit.Storage.Has(fileStorage) {
		s, err = a.openArchive(&cfg.Audit.S3, cfg.Audit.S3.Prefix)
		return s, journalFolder(cfg), nil, err
	}
	s, err = openFolder(logsFolder(cfg))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", err, nil
	}
	return s, journalFolder(cfg), nil, err
}

// openFolder returns the store in a folder, which may belong to somebody else: nothing
// in it is changed.
func openFolder(path string) (shelf, error) {
	s, err := file.New(file.Config{Directory: path}, disk.OS{})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, notThere{path}
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("the store %q may not be read by this user: read it as the one who runs the gateway", path)
	case err != nil:
		return nil, err
	}
	return s, nil
}

// notThere says that a store's folder is missing.
type notThere struct{ path string }

func (e notThere) Error() string {
	return fmt.Sprintf("the store %q is not there: nothing was recorded yet, or the store is another (name it, or its configuration with --config)", e.path)
}

func (notThere) Unwrap() error { return fs.ErrNotExist }

// candidates is how many logs are named when an id is not unique.
const candidates = 5

// find returns the name of the one log that is called prefix or begins so, "" if there
// is none. Casts count only where their log is not there.
func find(ctx context.Context, s shelf, prefix string) (storage.Name, error) {
	var found []string
	for info, err := range s.List(ctx, storage.Name(prefix)) {
		if err != nil {
			return "", fmt.Errorf("look for log %q: %w", prefix, err)
		}
		name := string(info.Name)
		if name == prefix { // the first in order, if it is there
			return info.Name, nil
		}
		if !strings.HasPrefix(name, prefix) || len(found) > candidates {
			break
		}
		if conn, _, cast := asciicast.ParseName(name); cast && len(found) > 0 && found[len(found)-1] == string(conn) {
			continue
		}
		found = append(found, name)
	}
	switch {
	case len(found) == 0:
		return "", nil
	case len(found) == 1:
		return storage.Name(found[0]), nil
	}
	more := ""
	if len(found) > candidates {
		found, more = found[:candidates], "\n  …"
	}
	return "", fmt.Errorf("more than one log begins with %q: give more of its id\n  %s%s", prefix, strings.Join(found, "\n  "), more)
}

func openStored(ctx context.Context, s shelf, journal string, name storage.Name) (*source, error) {
	r, err := s.Open(ctx, name)
	if errors.Is(err, fs.ErrPermission) {
		return nil, deniedBy(s, name, err)
	}
	if err != nil {
		return nil, err
	}
	src := fromReader(string(name), r)
	src.journal = journal
	src.far = s3.IsRemote(r)
	return src, nil
}

func fromReader(name string, r storage.Reader) *source {
	return &source{name: name, r: io.NewSectionReader(r, 0, r.Size()), at: r, size: r.Size(), open: r.Open(), Closer: r}
}

// openFile opens a file, a pipe, or what else the path names.
func openFile(path string) (*source, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%q is a folder, not a log: 'sshtrail ls %s' lists the logs in it", path, harmless(path))
	} else if err == nil && !info.Mode().IsRegular() {
		return openStream(path)
	}
	r, err := file.OpenPath(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no file %q", path)
	case errors.Is(err, fs.ErrPermission):
		return nil, errPermission(path)
	case err != nil:
		return nil, fmt.Errorf("open %q: %w", path, cause(err))
	}
	return fromReader(path, r), nil
}

// openStream opens what can be read once only, as /dev/fd/63.
func openStream(path string) (*source, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil, errPermission(path)
	}
	if err != nil {
		return nil, fmt.Errorf("open %q: %w", path, cause(err))
	}
	return &source{name: path, r: f, size: -1, Closer: f}, nil
}

// standardInput is a file if it can be: what a shell's < gives.
func (a *app) standardInput() *source {
	const name = "standard input"
	s := &source{name: name, r: a.in, size: -1, Closer: io.NopCloser(nil)}
	f, ok := a.in.(*os.File)
	if !ok {
		return s
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return s
	}
	if at, err := f.Seek(0, io.SeekCurrent); err == nil && at == 0 {
		section := io.NewSectionReader(f, 0, info.Size())
		s.r, s.at, s.size = section, section, info.Size()
	}
	return s
}

// cause is an error of package os without the path, which may hold anything.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func errPermission(name string) error {
	return fmt.Errorf("%q may not be read by this user: logs belong to the one who runs the gateway", name)
}
