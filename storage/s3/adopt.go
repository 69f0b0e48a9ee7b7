package s3

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// State returns what a writer kept last with the tail of a log that another machine has
// left, if [Config.Adopt] is set: it brings the log here. Of a log that is here already, the state is where its
// writer has it, and nil.
func (s *Store) State(ctx context.Context, name storage.Name) ([]byte, error) {
	state, err := s.stateFor(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("look for the state of log %q: %w", string(name), err)
	}
	return state, nil
}

func (s *Store) stateFor(ctx context.Context, name storage.Name) ([]byte, error) {
	if err := allowed(ctx, name); err != nil {
		return nil, err
	}
	_, err := s.spool.fs.Stat(s.spool.partial(name))
	if errors.Is(err, fs.ErrNotExist) {
		err = storage.ErrNotExist
		if s.cfg.Adopt {
			err = s.adopt(ctx, name)
		}
	}
	if err != nil {
		return nil, err
	}
	p, err := s.spool.readState(name)
	if err != nil || p == nil {
		return nil, err
	}
	return p.opaque, nil
}

// orphan is what another machine has left of a log in the bucket.
type orphan struct {
	head  *tailHead // nil without a tail
	tail  io.ReadCloser
	state []byte
	parts []bucket.Part
	p     progress
}

// adopt brings a log here that another machine has left unfinished, as if parts of it had been freed here.
func (s *Store) adopt(ctx context.Context, name storage.Name) error {
	if there, err := s.spool.isThere(name); there || err != nil {
		return cmpErr(err, storage.ErrNotExist)
	}
	if err := s.spool.isNew(name); err != nil {
		return storage.ErrNotExist // it is finished
	}
	switch _, err := s.remote.Head(ctx, string(name)); {
	case err == nil:
		return storage.ErrNotExist
	case !errors.Is(err, bucket.ErrNotExist):
		return err
	}
	o := &orphan{p: progress{}}
	if err := s.fetchTail(ctx, name, o); err != nil {
		return err
	}
	if o.tail != nil {
		defer o.tail.Close()
	}
	if err := s.fetchParts(ctx, name, o); err != nil {
		return err
	}
	return s.bring(name, o)
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// fetchTail reads the tail up to the log's bytes.
func (s *Store) fetchTail(ctx context.Context, name storage.Name, o *orphan) error {
	body, st, err := s.remote.Get(ctx, string(name)+tailSuffix, 0, math.MaxInt64/2, "")
	if errors.Is(err, bucket.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	r := bufio.NewReaderSize(body, maxTailHead)
	h := &tailHead{}
	line, err := r.ReadSlice('\n')
	if err == nil {
		err = json.Unmarshal(line, h)
	}
	switch {
	case err != nil:
	case h.Version != tailVersion:
		err = fmt.Errorf("it has version %d, and this program knows %d: use the program that wrote it", h.Version, tailVersion)
	case h.PartSize <= 0 || h.Offset < 0 || h.Offset > h.Size || h.Acknowledged > h.Size || h.Offset > h.Acknowledged || h.State < 0,
		st.Size != int64(len(line))+h.State+h.Size-h.Offset:
		err = errors.New("its numbers do not fit")
	default:
		o.state, err = whole(r, h.State)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("read tail %q: %w", string(name)+tailSuffix, err), body.Close())
	}
	o.head, o.tail = h, struct {
		io.Reader
		io.Closer
	}{r, body}
	return nil
}

// fetchParts finds the upload that belongs to the tail, or the last one, and its parts.
func (s *Store) fetchParts(ctx context.Context, name storage.Name, o *orphan) error {
	var found bucket.Upload
	for u, err := range s.remote.Uploads(ctx, string(name)) {
		if err != nil {
			return err
		}
		if u.Key == string(name) && (o.head == nil && u.Begun.After(found.Begun) || o.head != nil && u.ID == o.head.Upload) {
			found = u
		}
	}
	switch {
	case found.ID == "" && o.head == nil:
		return storage.ErrNotExist
	case found.ID == "" && o.head.Acknowledged > 0:
		return fmt.Errorf("the upload of its first %d bytes is gone: what is left are %d bytes from offset %d, in %q", o.head.Acknowledged, o.head.Size-o.head.Offset, o.head.Offset, string(name)+tailSuffix)
	case found.ID == "":
		return nil
	}
	o.p.upload = found.ID
	for part, err := range s.remote.Parts(ctx, string(name), found.ID) {
		if err != nil {
			return err
		}
		o.parts = append(o.parts, part)
	}
	return nil
}

// bring makes the log's files here: the state first, so that no bytes are without it.
func (s *Store) bring(name storage.Name, o *orphan) error {
	begin := &beginning{Version: stateVersion, Key: string(name), PartSize: s.cfg.PartSize}
	if h := o.head; h != nil {
		begin.PartSize, begin.ContentType, begin.Metadata = h.PartSize, h.ContentType, h.Metadata
	} else if len(o.parts) > 0 {
		begin.PartSize = o.parts[0].Size
	}
	p := &progress{}
	p.apply(change{Begin: begin})
	p.apply(change{Upload: o.p.upload, Tail: o.head != nil, Opaque: o.state})
	for i, part := range o.parts {
		fits := part.Number == i+1 && part.Size == p.schedule.sizeOf(part.Number)
		if !fits || o.head != nil && p.schedule.start(part.Number+1) > o.head.Acknowledged {
			break // what is sent from here takes its place
		}
		p.apply(change{Part: &part})
	}
	p.freed = p.acknowledged()
	if o.head != nil {
		if p.acknowledged() < o.head.Acknowledged {
			return fmt.Errorf("its upload has its first %d bytes only, and its tail begins at %d", p.acknowledged(), o.head.Offset)
		}
		p.freed = o.head.Offset
	}
	return s.place(name, p, o)
}

// place writes the log's files.
func (s *Store) place(name storage.Name, p *progress, o *orphan) error {
	temp := filepath.Join(s.spool.dir, "."+string(name)+partialSuffix)
	f, err := s.spool.fs.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND|careful, 0o600)
	if err != nil {
		return err
	}
	err = s.fill(f, p, o)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	st, _, err := s.spool.openState(name, p)
	if err != nil {
		return err
	}
	if err := st.rewrite(p); err != nil { // what an earlier try has left may be there
		return errors.Join(err, st.close())
	}
	if err := st.close(); err != nil {
		return err
	}
	if err := s.spool.fs.Rename(temp, s.spool.partial(name)); err != nil {
		return err
	}
	return s.spool.fs.SyncDir(s.spool.dir)
}

func (s *Store) fill(f disk.File, p *progress, o *orphan) error {
	if err := f.Truncate(p.freed); err != nil {
		return err
	}
	if o.head != nil {
		n, err := io.Copy(struct{ io.Writer }{f}, o.tail)
		if want := o.head.Size - o.head.Offset; err == nil && n != want {
			err = fmt.Errorf("tail has %d bytes of the log, and should have %d", n, want)
		}
		if err != nil {
			return err
		}
	}
	return f.Sync()
}
