package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sshtrail/sshtrail/storage"
)

// outputs is where a command writes: to standard output, a file, or files in a folder. Files
// get their names at the end, all of them, when they are whole; else there are none.
type outputs struct {
	out    io.Writer // standard output
	file   string    // or this
	folder string    // or in this
	force  bool
	made   map[string]*output
}

// output is one file in the making, or what is no file.
type output struct {
	*bufio.Writer
	f    *os.File // nil: there is nothing to close
	temp string   // its name meanwhile, if it gets another
	err  error
}

// outputBuffer is how much is written at once.
const outputBuffer = 64 << 10

// exportTo returns the outputs that a flag -o names.
func (a *app) exportTo(name string, force bool) (*outputs, error) {
	o := &outputs{out: a.out, force: force, made: map[string]*output{}}
	if name == "" || name == "-" {
		return o, nil
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		o.folder = name
	case strings.HasSuffix(name, string(os.PathSeparator)):
		if err := os.Mkdir(name, 0o700); err != nil {
			return nil, fmt.Errorf("create folder %q: %w", name, cause(err))
		}
		o.folder = name
	default:
		o.file = name
		return o, o.vacant(name)
	}
	return o, nil
}

func (o *outputs) standard() bool { return o.file == "" && o.folder == "" }

// create begins an output. In a folder it has this name.
func (o *outputs) create(name string) (*output, error) {
	path := o.file
	if o.folder != "" {
		if err := storage.Name(name).Validate(); err != nil {
			return nil, fmt.Errorf("%q can't be the name of a file: name one with -o FILE", name)
		}
		path = filepath.Join(o.folder, name)
	}
	if o.made[path] != nil {
		return nil, fmt.Errorf("more sessions were recorded than go into %s: name one with --channel N", o.where(path))
	}
	if err := o.vacant(path); err != nil {
		return nil, err
	}
	w, err := o.open(path)
	if err != nil {
		return nil, err
	}
	o.made[path] = w
	return w, nil
}

func (o *outputs) where(path string) string {
	if o.standard() {
		return "the output"
	}
	return fmt.Sprintf("%q", path)
}

// open opens what path will be.
func (o *outputs) open(path string) (*output, error) {
	if o.standard() {
		return &output{Writer: bufio.NewWriterSize(o.out, outputBuffer)}, nil
	}
	if special(path) {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, fmt.Errorf("open %q: %w", path, cause(err))
		}
		return &output{Writer: bufio.NewWriterSize(f, outputBuffer), f: f}, nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".export-*.tmp") // its mode is 0600
	if err != nil {
		return nil, fmt.Errorf("create %q: %w", path, cause(err))
	}
	return &output{Writer: bufio.NewWriterSize(f, outputBuffer), f: f, temp: f.Name()}, nil
}

// special reports whether path is there and no ordinary file, as /dev/null.
func special(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular()
}

// vacant returns an error if something has that name.
func (o *outputs) vacant(path string) error {
	if path == "" || o.force || special(path) {
		return nil
	}
	if _, err := os.Lstat(path); err == nil {
		return exists(path)
	}
	return nil
}

func exists(path string) error {
	return fmt.Errorf("%q exists: name another file, or overwrite it with --force", path)
}

// Close ends the output: what is in it is on the disk then. It is there under its name after
// [outputs.finish].
func (w *output) Close() error {
	if w.err == nil {
		w.err = w.Flush()
	}
	if w.f == nil {
		return w.err
	}
	if w.err == nil && w.temp != "" {
		w.err = w.f.Sync()
	}
	w.err = errors.Join(w.err, w.f.Close())
	w.f = nil
	return w.err
}

// finish gives the files their names. All outputs must be closed.
func (o *outputs) finish() error {
	for path, w := range o.made {
		if w.err != nil {
			return fmt.Errorf("write %q: %w", path, cause(w.err))
		}
		if w.temp == "" {
			continue
		}
		if err := o.publish(w.temp, path); err != nil {
			return err
		}
		w.temp = ""
	}
	return nil
}

// publish gives a file its name. Without force it is not taken from another.
func (o *outputs) publish(temp, path string) error {
	if !o.force {
		err := os.Link(temp, path)
		if err == nil {
			os.Remove(temp) // it has its name; another that stays does no harm
			return nil
		}
		if errors.Is(err, fs.ErrExist) {
			return exists(path)
		}
		if err := o.vacant(path); err != nil { // a file system without links
			return err
		}
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("name %q: %w", path, err)
	}
	return nil
}

// abandon removes what finish did not name.
func (o *outputs) abandon() {
	for _, w := range o.made {
		if w.f != nil {
			w.f.Close()
		}
		if w.temp != "" {
			os.Remove(w.temp)
		}
	}
}
