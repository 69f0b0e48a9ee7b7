package storagetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/sshtrail/sshtrail/storage"
)

// breaks are the ways to break a store that the suite finds.
var breaks = []brk{
	{name: "loses each third write", caught: []string{"a log is what was written", "a big log"},
		writer: func(_ storage.Store, _ storage.Name, w storage.Writer) storage.Writer {
			n := 0
			return odd{Writer: w, write: func(p []byte) (int, error) {
				if n++; n%3 == 0 {
					return len(p), nil
				}
				return w.Write(p)
			}}
		}},
	{name: "writes a buffer late", caught: []string{"a writer does not keep the caller's bytes", "an unfinished log is found from the start", "a reader during writing", "a big log"},
		writer: func(_ storage.Store, _ storage.Name, w storage.Writer) storage.Writer {
			var kept []byte
			return odd{Writer: w, write: func(p []byte) (int, error) {
				_, err := w.Write(kept)
				kept = p
				return len(p), err
			}, commit: func(ctx context.Context) error {
				_, err := w.Write(kept)
				return errors.Join(err, w.Commit(ctx))
			}}
		}},
	{name: "writes into another log", caught: []string{"many logs at once", "a log is what was written"},
		writer: func(s storage.Store, _ storage.Name, w storage.Writer) storage.Writer {
			return odd{Writer: w, write: func(p []byte) (int, error) {
				other, err := s.Create(bg, "other", storage.About{})
				if err != nil {
					return w.Write(p)
				}
				return other.Write(p)
			}}
		}},
	{name: "loses what is beyond 10 MB", caught: []string{"a big log"},
		writer: func(_ storage.Store, _ storage.Name, w storage.Writer) storage.Writer {
			n := 0
			return odd{Writer: w, write: func(p []byte) (int, error) {
				if n += len(p); n > 10_000_000 {
					return len(p), nil
				}
				return w.Write(p)
			}}
		}},
	{name: "commits no empty log", caught: []string{"an empty log"},
		writer: func(s storage.Store, name storage.Name, w storage.Writer) storage.Writer {
			return odd{Writer: w, commit: func(ctx context.Context) error {
				if len(content(s, name)) == 0 {
					return errors.New("no parts")
				}
				return w.Commit(ctx)
			}}
		}},
	{name: "takes names of 100 bytes", caught: []string{"the longest name"},
		create: func(s storage.Store, name storage.Name) (storage.Writer, error) {
			if len(name) > 100 {
				return nil, errors.New("too long")
			}
			return s.Create(bg, name, storage.About{})
		}},
	{name: "creates what it is told to", caught: []string{"names that are none"},
		create: func(s storage.Store, name storage.Name) (storage.Writer, error) {
			if name.Validate() != nil {
				name = "x"
			}
			return s.Create(bg, name, storage.About{})
		}},
	{name: "opens any name", caught: []string{"names that are none", "open of nothing"},
		open: func(s storage.Store, name storage.Name) (storage.Reader, error) {
			r, err := s.Open(bg, name)
			if err != nil {
				return oddReader{Reader: looseReader{bytes.NewReader(nil)}}, nil
			}
			return r, nil
		}},
	{name: "resumes any name", caught: []string{"names that are none", "resume of nothing"},
		resume: func(s storage.Store, name storage.Name, keep keepFunc) (storage.Writer, error) {
			w, err := s.Resume(bg, name, keep)
			if err != nil && !errors.Is(err, storage.ErrInUse) {
				return loose(), nil
			}
			return w, err
		}},
	{name: "lists finished logs only", caught: []string{"an unfinished log is found from the start", "a writer that is closed stays closed", "list in order", "list from a name", "list tells the truth"},
		infos: func(all []storage.Info) []storage.Info {
			return slices.DeleteFunc(all, func(i storage.Info) bool { return !i.Finished })
		}},
	{name: "lists a finished log twice", caught: []string{"a finished log is found once", "list in order", "a writer that has committed is at its end"},
		infos: func(all []storage.Info) []storage.Info {
			var twice []storage.Info
			for _, i := range all {
				twice = append(twice, i)
				if i.Finished {
					i.Finished = false
					twice = append(twice, i)
				}
			}
			return twice
		}},
	{name: "starts a log anew", caught: []string{"a name is used once", "one of many creates wins"},
		create: func(s storage.Store, name storage.Name) (storage.Writer, error) {
			w, err := s.Create(bg, name, storage.About{})
			if errors.Is(err, storage.ErrExist) {
				return loose(), nil
			}
			return w, err
		}},
	{name: "says something else of a log that exists", caught: []string{"a name is used once", "one of many creates wins"},
		create: func(s storage.Store, name storage.Name) (storage.Writer, error) {
			w, err := s.Create(bg, name, storage.About{})
			if err != nil {
				return nil, errors.New("no")
			}
			return w, nil
		}},
	{name: "writes after the end", caught: []string{"a writer that is closed stays closed", "a writer that has committed is at its end", "resume after resume"},
		writer: func(_ storage.Store, _ storage.Name, w storage.Writer) storage.Writer {
			return odd{Writer: w, write: func(p []byte) (int, error) {
				_, _ = w.Write(p)
				return len(p), nil
			}}
		}},
	{name: "syncs after the end", caught: []string{"a writer that is closed stays closed", "a writer that has committed is at its end"},
		writer: func(_ storage.Store, _ storage.Name, w storage.Writer) storage.Writer {
			return odd{Writer: w, sync: func() error { return nil }}
		}},
	{name: "commits twice", caught: []string{"a writer that is closed stays closed", "a writer that has committed is at its end"},
		writer: func(_ storage.Store, _ storage.Name, w storage.Writer) storage.Writer {
			return odd{Writer: w, commit: func(ctx context.Context) error { _ = w.Commit(ctx); return nil }}
		}},
	{name: "reports a Close after Commit", caught: []string{"a writer that has committed is at its end"},
		writer: func(_ storage.Store, _ storage.Name, w storage.Writer) storage.Writer {
			over := false
			return odd{Writer: w, commit: func(ctx context.Context) error {
				over = true
				return w.Commit(ctx)
			}, close: func() error {
				if over {
					return errors.New("closed")
				}
				return w.Close()
			}}
		}},
	{name: "finishes what is closed", caught: []string{"a writer that is closed stays closed", "resume at every cut", "resume after resume"},
		writer: func(_ storage.Store, _ storage.Name, w storage.Writer) storage.Writer {
			return odd{Writer: w, close: func() error { return w.Commit(bg) }}
		}},
	{name: "keeps all", caught: []string{"resume at every cut", "resume after resume", "one of many resumes wins"},
		resume: func(s storage.Store, name storage.Name, keep keepFunc) (storage.Writer, error) {
			return s.Resume(bg, name, func(r io.ReaderAt, size int64) (int64, error) {
				if good, err := keep(r, size); err != nil || good < 0 || good > size {
					return good, err
				}
				return size, nil
			})
		}},
	{name: "shows keep nothing", caught: []string{"resume shows the whole log"},
		resume: func(s storage.Store, name storage.Name, keep keepFunc) (storage.Writer, error) {
			return s.Resume(bg, name, func(_ io.ReaderAt, size int64) (int64, error) {
				return keep(bytes.NewReader(nil), size)
			})
		}},
	{name: "cuts although keep fails", caught: []string{"keep fails"},
		resume: func(s storage.Store, name storage.Name, keep keepFunc) (storage.Writer, error) {
			var failed error
			w, err := s.Resume(bg, name, func(r io.ReaderAt, size int64) (int64, error) {
				var good int64
				good, failed = keep(r, size)
				return good, nil
			})
			if failed != nil {
				w.Close()
				return nil, failed
			}
			return w, err
		}},
	{name: "has an error of its own for keep's", caught: []string{"keep fails", "resume while in use"},
		resume: func(s storage.Store, name storage.Name, keep keepFunc) (storage.Writer, error) {
			w, err := s.Resume(bg, name, keep)
			if err != nil {
				return nil, errors.New("no")
			}
			return w, nil
		}},
	{name: "bends what keep returns", caught: []string{"keep keeps what is not there"},
		resume: func(s storage.Store, name storage.Name, keep keepFunc) (storage.Writer, error) {
			return s.Resume(bg, name, func(r io.ReaderAt, size int64) (int64, error) {
				good, err := keep(r, size)
				return max(0, min(good, size)), err
			})
		}},
	{name: "lets two at one log", caught: []string{"resume while in use", "one of many resumes wins"},
		resume: func(s storage.Store, name storage.Name, keep keepFunc) (storage.Writer, error) {
			w, err := s.Resume(bg, name, keep)
			if errors.Is(err, storage.ErrInUse) {
				return loose(), nil
			}
			return w, err
		}},
	{name: "shows a reader what comes later", caught: []string{"a reader during writing"},
		open: live},
	{name: "takes a log from its readers at the commit", caught: []string{"a reader outlives the commit"},
		open: func(s storage.Store, name storage.Name) (storage.Reader, error) {
			r, err := s.Open(bg, name)
			if err != nil {
				return nil, err
			}
			return oddReader{Reader: r, readAt: func(p []byte, at int64) (int, error) {
				for info := range s.List(bg, name) {
					if info.Finished {
						return 0, errors.New("stale file")
					}
					break
				}
				return r.ReadAt(p, at)
			}}, nil
		}},
	{name: "takes a log from its readers at the cut", caught: []string{"a reader outlives the cut of a resume"},
		open: func(s storage.Store, name storage.Name) (storage.Reader, error) {
			r, err := s.Open(bg, name)
			if err != nil {
				return nil, err
			}
			return oddReader{Reader: r, readAt: func(p []byte, at int64) (int, error) {
				if !bytes.HasSuffix(content(s, name), []byte("torn")) {
					return 0, errors.New("stale file")
				}
				return r.ReadAt(p, at)
			}}, nil
		}},
	{name: "never sees a writer", caught: []string{"a reader knows whether a writer is there"},
		reader: func(r storage.Reader) storage.Reader {
			return oddReader{Reader: r, open: func() bool { return false }}
		}},
	{name: "always sees a writer", caught: []string{"a reader knows whether a writer is there"},
		reader: func(r storage.Reader) storage.Reader {
			return oddReader{Reader: r, open: func() bool { return true }}
		}},
	{name: "shows more than was written", caught: []string{"readers do not disturb a writer", "reads anywhere"},
		reader: func(r storage.Reader) storage.Reader {
			return oddReader{Reader: r, size: func() int64 { return r.Size() + 1 }}
		}},
	{name: "reads one byte off", caught: []string{"reads anywhere", "a log is what was written"},
		reader: func(r storage.Reader) storage.Reader {
			return oddReader{Reader: r, readAt: func(p []byte, at int64) (int, error) { return r.ReadAt(p, at+1) }}
		}},
	{name: "reads short without an error", caught: []string{"reads anywhere"},
		reader: func(r storage.Reader) storage.Reader {
			return oddReader{Reader: r, readAt: func(p []byte, at int64) (int, error) {
				n, _ := r.ReadAt(p, at)
				return n, nil
			}}
		}},
	{name: "lists backwards", caught: []string{"list in order", "list from a name"},
		infos: func(all []storage.Info) []storage.Info {
			slices.Reverse(all)
			return all
		}},
	{name: "sorts by the names of files", caught: []string{"list in order"},
		infos: func(all []storage.Info) []storage.Info {
			key := func(i storage.Info) string { return string(i.Name) + map[bool]string{false: ".partial"}[i.Finished] }
			slices.SortFunc(all, func(a, b storage.Info) int { return cmp.Compare(key(a), key(b)) })
			return all
		}},
	{name: "lists from the beginning always", caught: []string{"list from a name", "list of nothing"},
		from: func(storage.Name) storage.Name { return "" }},
	{name: "lists what comes after from", caught: []string{"list from a name"},
		from: func(n storage.Name) storage.Name {
			if n == "" {
				return n
			}
			return n + "\x00"
		}},
	{name: "lists sizes that are wrong", caught: []string{"list tells the truth"},
		infos: func(all []storage.Info) []storage.Info {
			for i := range all {
				all[i].Size++
			}
			return all
		}},
	{name: "lists no times", caught: []string{"list tells the truth"},
		infos: func(all []storage.Info) []storage.Info {
			for i := range all {
				all[i].Modified = time.Time{}
			}
			return all
		}},
	{name: "ends a listing early", caught: []string{"list can be ended"},
		list: func(seq iter.Seq2[storage.Info, error]) iter.Seq2[storage.Info, error] {
			return func(yield func(storage.Info, error) bool) {
				n := 0
				seq(func(i storage.Info, err error) bool {
					n++
					return n < 3 && yield(i, err)
				})
			}
		}},
	{name: "fails where there is nothing to list", caught: []string{"list of nothing"},
		list: func(seq iter.Seq2[storage.Info, error]) iter.Seq2[storage.Info, error] {
			return func(yield func(storage.Info, error) bool) {
				for i, err := range seq {
					if !yield(i, err) {
						return
					}
					return
				}
				yield(storage.Info{}, errors.New("nothing"))
			}
		}},
}
