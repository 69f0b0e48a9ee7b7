package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/storage"
)

const (
	copyUnit = 256 << 10
	// copyLook is how much of what a copy has is compared with the log before it goes on.
	copyLook = 64 << 10
)

// step brings a copy up to what there is of the log, and reports whether it is finished.
func (j *copying) step(ctx context.Context) (done bool, err error) {
	over := j.of.over.Load() // before the log is opened: then that is all of it
	state, err := j.tailState(over)
	if err != nil {
		return false, err
	}
	src, err := j.c.r.cfg.Store.Open(ctx, storage.Name(j.of.id))
	if errors.Is(err, storage.ErrNotExist) && over && j.c.r.cfg.Discard != nil {
		return true, nil // it was removed, so it was copied, and the mark of that was left
	}
	if err != nil {
		return false, fmt.Errorf("read the log: %w", err)
	}
	defer src.Close()
	if err := j.of.look(src); err != nil {
		return false, fmt.Errorf("read the log: %w", err)
	}
	if j.of.isOwn && j.c.View != nil && !j.c.Own {
		return true, nil
	}
	end := min(j.of.durable.Load(), src.Size())
	if over {
		end = src.Size()
	}
	if j.c.View != nil && !j.of.isOwn {
		return over, j.show(ctx, src, end, over)
	}
	if err := j.copyBytes(ctx, src, end, over); err != nil {
		return false, err
	}
	if w := j.writer; state != nil && w != nil {
		j.tail.send(ctx, j.of.log, func() (storage.Writer, []byte, error) { return w, state, nil })
	}
	return over, nil
}

// tailState returns what the tail of the copy has to hold beside the copy, which is
// brought up to it next; nil if no tail is due.
func (j *copying) tailState(over bool) ([]byte, error) {
	if !j.tailDue.Swap(false) || over || j.of.log == nil {
		return nil, nil
	}
	return j.of.log.tailState()
}

// release lets the copy's store let go of what nobody will ask it for: the log has it all,
// and whoever goes on with a tail begins at the checkpoint in it.
func (j *copying) release() {
	w, ok := j.writer.(storage.Releaser)
	switch {
	case !ok:
	case !j.c.tails || j.of.log == nil:
		w.Release(j.pos)
	default:
		w.Release(min(j.pos, j.of.log.checks.offset()))
	}
}

// look reads what the log's first block tells of it.
func (of *copiedLog) look(src storage.Reader) error {
	of.mu.Lock()
	defer of.mu.Unlock()
	if of.known {
		return nil
	}
	block, err := binary.ReadBlock(src, binary.FirstBlock)
	if err != nil {
		return err
	}
	sum := newSummary()
	for i := range block.Messages {
		ev, err := block.Messages[i].Event()
		if err != nil {
			return err
		}
		if _, last := ev.Body.(*event.Summary); !last {
			sum.observe(&ev)
		}
	}
	of.known, of.isOwn, of.meta = true, sum.conn == event.Gateway, sum.metadata()
	return nil
}

// reset gives up what was begun. The next step goes on with the bytes that are there, or
// makes files anew.
func (j *copying) reset() {
	if j.writer != nil {
		j.writer.Close() // it failed, or is resumed
		j.writer = nil
	}
	if j.view != nil {
		j.view.giveUp()
		j.view = nil
	}
	j.pos = 0
}

// copyBytes brings a copy that is the log's own bytes up to end.
func (j *copying) copyBytes(ctx context.Context, src storage.Reader, end int64, over bool) error {
	if j.writer == nil {
		if done, err := j.begin(ctx, src); done || err != nil {
			return err
		}
	}
	buf := make([]byte, min(copyUnit, max(end-j.pos, 0)))
	for j.pos < end {
		n, err := src.ReadAt(buf[:min(int64(len(buf)), end-j.pos)], j.pos)
		if n == 0 {
			return fmt.Errorf("read the log: %w", err)
		}
		if _, err := j.writer.Write(buf[:n]); err != nil {
			return err
		}
		j.pos += int64(n)
	}
	j.release()
	if !over {
		return nil
	}
	return j.writer.Commit(ctx)
}

// begin begins the copy's log, or goes on with what an earlier try has left of it. It
// reports whether it is there already, finished.
func (j *copying) begin(ctx context.Context, src storage.Reader) (done bool, err error) {
	name := storage.Name(j.of.id)
	w, err := j.c.Store.Resume(ctx, name, func(r io.ReaderAt, size int64) (int64, error) {
		j.pos = agree(r, size, src)
		return j.pos, nil
	})
	if errors.Is(err, storage.ErrNotExist) {
		j.pos = 0
		w, err = j.c.Store.Create(ctx, name, aboutLog(j.of.meta))
		if errors.Is(err, storage.ErrExist) {
			return true, isSame(ctx, j.c.Store, name, src)
		}
	}
	j.writer = w
	return false, err
}

// agree returns how much of a copy is the log's beginning: all of it, if its end is, or
// nothing. What its store has let go of can't be looked at.
func agree(copied io.ReaderAt, size int64, log storage.Reader) int64 {
	if size > log.Size() {
		return 0
	}
	n := min(size, copyLook)
	mine, its := make([]byte, n), make([]byte, n)
	if _, err := copied.ReadAt(mine, size-n); err != nil && err != io.EOF {
		return size
	}
	if _, err := log.ReadAt(its, size-n); err != nil && err != io.EOF || !bytes.Equal(mine, its) {
		return 0
	}
	return size
}

var errDiffers = errors.New("there is another log of that name")

// isSame returns nil if a finished log is a copy of src, as far as the store shows it.
func isSame(ctx context.Context, store storage.Store, name storage.Name, src storage.Reader) error {
	r, err := store.Open(ctx, name)
	if errors.Is(err, fs.ErrPermission) {
		return nil // a store that may be written only: it was finished, and then this process died
	}
	if err != nil {
		return err
	}
	defer r.Close()
	if r.Size() != src.Size() || agree(r, r.Size(), src) != src.Size() {
		return errDiffers
	}
	return nil
}

// show brings a copy's view up to end, a block's. What it has of a log that goes on is
// made of whole blocks.
func (j *copying) show(ctx context.Context, src storage.Reader, end int64, over bool) error {
	if j.view == nil {
		j.pos = binary.FirstBlock
		j.view = j.newViewing(ctx, src, over)
	}
	for j.pos < end {
		block, err := binary.ReadBlock(src, j.pos)
		if err == io.EOF {
			break // the end mark
		}
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		for i := range block.Messages {
			ev, err := block.Messages[i].Event()
			if err == nil {
				err = j.view.Event(&ev)
			}
			if err != nil {
				return err
			}
		}
		j.pos = block.Next
	}
	if !over {
		return nil
	}
	return j.view.Finish()
}

// viewing is a view with the files that it has open.
type viewing struct {
	View
	ctx   context.Context
	store storage.Store
	meta  map[string]string
	open  map[storage.Name]storage.Writer
}

func (j *copying) newViewing(ctx context.Context, src storage.Reader, over bool) *viewing {
	v := &viewing{ctx: ctx, store: j.c.Store, meta: j.of.meta, open: map[storage.Name]storage.Writer{}}
	v.View = j.c.View(j.of.targetOf(src, over), v.create)
	return v
}

// targetOf returns what the client was joined to: before there is any output, the session
// has told, and at the end the log tells.
func (of *copiedLog) targetOf(src storage.Reader, over bool) string {
	if over {
		if tail, err := binary.ReadTail(src, src.Size()); err == nil && tail.Summary.Target != nil {
			return *tail.Summary.Target
		}
	}
	if target := of.target.Load(); target != nil {
		return *target
	}
	return ""
}

// create begins a file anew. One that is finished is there already, and the same: its
// bytes follow from the log's.
func (v *viewing) create(name storage.Name, contentType string) (io.WriteCloser, error) {
	about := storage.About{ContentType: contentType, Metadata: v.meta}
	w, err := v.store.Create(v.ctx, name, about)
	if errors.Is(err, storage.ErrExist) {
		w, err = v.store.Resume(v.ctx, name, func(io.ReaderAt, int64) (int64, error) { return 0, nil })
		if errors.Is(err, storage.ErrNotExist) {
			return nothing{}, nil
		}
	}
	if err != nil {
		return nil, err
	}
	v.open[name] = w
	return &viewFile{v, name, w}, nil
}

func (v *viewing) giveUp() {
	for _, w := range v.open {
		w.Close() // it is made anew
	}
	clear(v.open)
}

// viewFile is a file that is finished when it is closed.
type viewFile struct {
	v    *viewing
	name storage.Name
	w    storage.Writer
}

func (f *viewFile) Write(p []byte) (int, error) { return f.w.Write(p) }

func (f *viewFile) Close() error {
	if _, ok := f.v.open[f.name]; !ok {
		return nil // given up
	}
	delete(f.v.open, f.name)
	return errors.Join(f.w.Commit(f.v.ctx), f.w.Close())
}

type nothing struct{}

func (nothing) Write(p []byte) (int, error) { return len(p), nil }
func (nothing) Close() error                { return nil }

// aboutLog tells a store of a log.
func aboutLog(meta map[string]string) storage.About {
	return storage.About{ContentType: logType, Metadata: meta}
}

// logType is the media type of logs, as ContainerSSH's.
const logType = "application/octet-stream"

// metadata is what a summary has for storage.About, under ContainerSSH's names.
func (s *summary) metadata() map[string]string {
	m := map[string]string{"timestamp": fmt.Sprint(s.Start / 1e9), "authenticated": fmt.Sprint(len(s.auth) > 0)}
	for name, value := range map[string]*string{"username": s.Username, "ip": s.RemoteAddr, "country": s.country} {
		if value != nil {
			m[name] = *value
		}
	}
	return m
}
