package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
)

// Recovery is what became of a log that a crash had left unfinished.
type Recovery struct {
	Log     event.ConnID
	Saved   uint64         // messages that are in the log now and were not before
	Verdict binary.Verdict // of the log as it is now, if Err is nil
	Err     error          // why it could not be finished; it was left as it is

	was bool // finished already
}

// ErrNothingSaved says that not one message of a log could be saved, and that there is no log.
var ErrNothingSaved = errors.New("not one message is left to save")

// Recoveries returns what Open found unfinished and what became of it.
func (r *Recorder) Recoveries() []Recovery { return slices.Clone(r.recoveries) }

// recoverDead finishes the logs whose journal dead processes have left, and returns what
// became of them. One that can't be finished is left for the next time and keeps neither
// the others nor the recorder from working.
func (r *Recorder) recoverDead(ctx context.Context) ([]Recovery, error) {
	dirs, err := listInstances(r.cfg.FS, r.cfg.Journal)
	if err != nil {
		return nil, err
	}
	var all []Recovery
	for _, dir := range dirs {
		if dir == r.dir {
			continue
		}
		lock, err := lockInstance(r.cfg.FS, dir)
		if errors.Is(err, disk.ErrLocked) {
			continue // its process lives
		}
		if err != nil {
			r.cfg.Logger.Error("what a process has left in the journal can't be looked at; it is left as it is", "error", err)
			continue
		}
		recovered, err := r.recoverFolder(ctx, dir)
		all = append(all, recovered...)
		lock.Close() // as removed files are, if all went well
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// recoverFolder finishes the logs whose segments are in a dead process's folder, and
// removes that. The caller holds its lock.
func (r *Recorder) recoverFolder(ctx context.Context, dir string) ([]Recovery, error) {
	left, err := readFolder(r.cfg.FS, dir)
	if err != nil {
		return nil, fmt.Errorf("list journal: %w", err)
	}
	var all []Recovery
	for _, id := range slices.Sorted(maps.Keys(left.segments)) {
		if err := ctx.Err(); err != nil {
			return all, err
		}
		if rec := r.recoverLog(ctx, dir, id, left.segments[id], unsaid{}); !rec.was {
			all = append(all, rec)
		}
	}
	if err := r.adoptCopies(dir, all); err != nil {
		r.cfg.Logger.Error("logs that a process has left to be copied can't be taken over now", "error", err)
	}
	if err := removeInstance(r.cfg.FS, dir); err != nil {
		r.cfg.Logger.Warn("a folder of the journal that is done with can't be removed; the next start tries again", "error", err)
	}
	return all, nil
}

func (r *Recorder) report(rec Recovery) {
	r.count.recovery(rec)
	if rec.Err != nil {
		r.cfg.Logger.Error("a log can't be recovered and is left as it is", "connection", rec.Log, "error", rec.Err)
		return
	}
	r.cfg.Logger.Info("recovered a log", "connection", rec.Log, "saved", rec.Saved, "verdict", rec.Verdict.String())
}

// recoverLog finishes one log (FORMAT §8), with what could not be recorded when it was
// given up, and removes its journal.
func (r *Recorder) recoverLog(ctx context.Context, dir string, id event.ConnID, paths []string, unsaid unsaid) Recovery {
	rec := Recovery{Log: id}
	segments, err := readSegments(r.cfg.FS, id, paths)
	var point *checkpoint
	pointed := false
	if err == nil {
		point, err = readCheckpoint(r.cfg.FS, dir, id)
	}
	if err == nil {
		m := &mending{r: r, id: id, unsaid: unsaid, sum: newSummary(), segments: segments, point: point, dir: dir}
		rec.Verdict, err = m.mend(ctx)
		rec.Saved, rec.was, pointed = m.saved, m.was, m.pointed
	}
	rec.Err = err
	if !rec.was {
		defer r.report(rec)
	}
	if err != nil && !errors.Is(err, ErrNothingSaved) {
		return rec
	}
	for _, path := range paths {
		r.remove(path)
	}
	if point != nil || pointed {
		r.remove(filepath.Join(dir, checkpointName(id)))
	}
	switch {
	case err != nil: // there is no log
		r.forgetCopies(dir, id)
	case dir == r.dir:
		r.mu.Lock()
		of := r.copied[id]
		r.mu.Unlock()
		of.finish()
	}
	return rec
}

// readSegments reads a log's segments, in their order.
func readSegments(fsys disk.FS, id event.ConnID, paths []string) ([]journalSegment, error) {
	var segments []journalSegment
	for _, path := range paths {
		b, err := readWhole(fsys, path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has become another log's
		}
		if err != nil {
			return nil, fmt.Errorf("read journal: %w", err)
		}
		s, err := parseSegment(b)
		if err != nil {
			return nil, err
		}
		if s != nil && s.Log == id {
			segments = append(segments, *s)
		}
	}
	sortSegments(segments)
	return segments, nil
}

func sortSegments(segments []journalSegment) {
	slices.SortFunc(segments, func(a, b journalSegment) int { return cmp.Compare(a.First, b.First) })
}

// mending finishes one log.
type mending struct {
	r        *Recorder
	id       event.ConnID
	unsaid   unsaid
	sum      *summary
	segments []journalSegment
	point    *checkpoint // nil: the log is read from its beginning
	dir      string      // the process's folder; empty: there is none
	next     int64       // how large the log is at the next checkpoint
	pointed  bool        // one was written

	w        storage.Writer
	salvaged *binary.Salvaged // nil if there is no log yet
	encoder  *binary.Writer
	block    binary.Block
	saved    uint64
	gap      int64  // the beginning of the last gap that was recorded
	over     bool   // the connection's end was recorded
	was      bool   // there is nothing to do
	stopped  bool   // the gateway's stop was recorded
	known    uint64 // messages in the file, those of the cut block counted
}

func (m *mending) mend(ctx context.Context) (binary.Verdict, error) {
	name := storage.Name(m.id)
	w, err := m.r.cfg.Store.Resume(ctx, name, m.look)
	if errors.Is(err, storage.ErrNotExist) {
		verdict, readErr := m.finished(ctx, name)
		if readErr == nil {
			m.was = true
			return verdict, nil // the crash came before the journal was removed
		}
		w, err = m.begin(ctx, name)
		if errors.Is(err, storage.ErrExist) && errors.Is(readErr, fs.ErrPermission) {
			return binary.Complete, nil // likewise, in a store that may be written only
		}
	}
	if err != nil {
		return 0, err
	}
	m.w = w
	defer m.w.Close() // after Commit it does nothing
	switch s := m.salvaged; {
	case s != nil && s.Verdict != binary.Truncated:
		return s.Verdict, m.commit(ctx, nil) // whole, but for its name
	case s != nil && s.Sealed:
		verdict := binary.Complete
		if s.Recovered {
			verdict = binary.Recovered
		}
		return verdict, m.commit(ctx, m.encoder.AppendEnd(nil))
	}
	last, err := m.rest()
	if err != nil {
		return 0, err
	}
	return binary.Recovered, m.commit(ctx, last)
}

// finished returns the verdict of the log if it is finished.
func (m *mending) finished(ctx context.Context, name storage.Name) (binary.Verdict, error) {
	r, err := m.r.cfg.Store.Open(ctx, name)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	tail, err := binary.ReadTail(r, r.Size())
	if err != nil {
		return 0, err
	}
	if tail.Recovered {
		return binary.Recovered, nil
	}
	return binary.Complete, nil
}

// begin makes the log of which only the journal is there.
func (m *mending) begin(ctx context.Context, name storage.Name) (storage.Writer, error) {
	if !m.hasMessages() && m.unsaid.isEmpty() {
		return nil, ErrNothingSaved
	}
	w, err := m.r.cfg.Store.Create(ctx, name, aboutLog(m.metadata()))
	if err != nil {
		return nil, err
	}
	m.encoder = binary.NewWriter()
	if err := m.writeHeader(w); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// metadata is what the journal tells of the log, for the store.
func (m *mending) metadata() map[string]string {
	sum, first := newSummary(), 0
	for _, s := range m.segments {
		s.each(func(content []byte) error {
			if first == 0 && s.First > 0 {
				return nil
			}
			first++
			return binary.ReadContent(content, func(message *binary.Message) error {
				ev, err := message.Event()
				if err == nil {
					sum.observe(&ev)
				}
				return err
			})
		})
		break
	}
	return sum.metadata()
}

func (m *mending) writeHeader(w storage.Writer) error {
	_, err := w.Write(m.encoder.AppendHeader(nil))
	return err
}

func (m *mending) hasMessages() bool {
	found := false
	for _, s := range m.segments {
		s.each(func([]byte) error { found = true; return nil })
	}
	return found
}

// look reads what is there of the log and says how much of it is kept.
func (m *mending) look(r io.ReaderAt, size int64) (int64, error) {
	s, err := m.salvage(r, size, func(ev *event.Event) {
		if _, last := ev.Body.(*event.Summary); !last {
			m.observe(ev)
		}
		m.known++
	})
	if err != nil {
		return 0, err
	}
	m.salvaged, m.encoder = s, s.Writer
	switch {
	case s.Verdict == binary.Complete, s.Verdict == binary.Recovered:
		return size, nil
	case s.Verdict != binary.Truncated:
		return 0, fmt.Errorf("it is %v: %w", s.Verdict, s.Fault)
	}
	return s.Keep, nil
}

func (m *mending) salvage(r io.ReaderAt, size int64, each func(*event.Event)) (*binary.Salvaged, error) {
	if m.point == nil {
		return binary.Salvage(r, size, each)
	}
	m.sum, m.known = m.point.Sum.restore(), m.point.Log.Messages
	return binary.SalvageFrom(m.point.Log, r, size, each)
}

// rest writes the messages that are not in the log yet as recovered blocks, and
// returns the last of them with the end mark.
func (m *mending) rest() ([]byte, error) {
	m.block.Recovered = true
	if s := m.salvaged; s != nil {
		if s.Keep == 0 {
			if err := m.writeHeader(m.w); err != nil {
				return nil, err
			}
		}
		if err := binary.ReadContent(s.Cut, m.add); err != nil {
			return nil, fmt.Errorf("cut block: %w", err)
		}
	}
	if err := m.addJournal(); err != nil {
		return nil, err
	}
	if err := m.addEarly(); err != nil {
		return nil, err
	}
	if err := m.addLost(); err != nil {
		return nil, err
	}
	if err := m.addUnsaid(); err != nil {
		return nil, err
	}
	for _, conn := range slices.Sorted(maps.Keys(m.sum.online)) {
		if err := m.addOwn(conn, &event.Disconnect{By: event.ByGateway, Recovered: true}); err != nil {
			return nil, err
		}
	}
	if err := m.sum.appendTo(&m.block, m.sum.End, m.encoder); err != nil {
		return nil, err
	}
	b, err := m.encode()
	if err != nil {
		return nil, err
	}
	return m.encoder.AppendEnd(b), nil
}

// addJournal adds the journal's messages that are not in the file.
func (m *mending) addJournal() error {
	for _, s := range m.segments {
		m.sum.skipped = s.Skipped
		if s.Target != nil {
			m.sum.target = s.Target
		}
		number := s.First
		if number > m.known {
			missing := number - m.known
			gap := &event.Gap{Messages: &missing, Since: m.sum.End, Reason: "lost in a crash: the log ends before its journal begins"}
			if err := m.addOwn(m.id, gap); err != nil {
				return err
			}
			m.known = number
		}
		err := s.each(func(content []byte) error {
			if number++; number <= m.known {
				return nil
			}
			m.known = number
			m.saved++
			return binary.ReadContent(content, m.addNew)
		})
		if err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	}
	return nil
}

// addEarly adds what happened before the login and did not get into the journal.
func (m *mending) addEarly() error {
	for i, e := range m.unsaid.early {
		if m.unsaid.first+uint64(i) < m.known {
			continue // its write failed and did its work
		}
		m.known++
		m.saved++
		if err := binary.ReadContent(e.frame[frameHead:], m.addNew); err != nil {
			return fmt.Errorf("events before the login: %w", err)
		}
	}
	return nil
}

// addLost says of a log that a power cut has left nothing of but its name that there was
// one. It began about when its id was made.
func (m *mending) addLost() error {
	if m.known > 0 {
		return nil
	}
	if began, ok := m.id.Time(); ok {
		m.sum.End = began.UnixNano()
	}
	return m.addOwn(m.id, &event.Gap{Since: m.sum.End, Reason: "lost in a crash: nothing of it was on the disk"})
}

// addUnsaid adds the last words that could not be recorded: those that are not there
// after all. A write that fails may have done its work.
func (m *mending) addUnsaid() error {
	for _, body := range m.unsaid.last {
		conn := m.id
		switch b := body.(type) {
		case *event.Gap:
			if m.gap == b.Since {
				continue
			}
		case *event.Disconnect:
			if m.over {
				continue
			}
			late := *b
			late.Recovered = true
			body = &late
		case *event.GatewayStop:
			if m.stopped {
				continue
			}
			conn = event.Gateway
		}
		if err := m.addOwn(conn, body); err != nil {
			return err
		}
	}
	return nil
}

// addOwn adds a message that only recovery knows, at the time of the last one.
func (m *mending) addOwn(conn event.ConnID, body event.Body) error {
	b, err := binary.AppendMessage(nil, &event.Event{Conn: conn, Time: m.sum.End, Body: body})
	if err != nil {
		return err
	}
	return binary.ReadContent(b, m.addNew)
}

// observe notes what is known already, and counts it in the summary.
func (m *mending) observe(ev *event.Event) {
	switch b := ev.Body.(type) {
	case *event.Gap:
		m.gap = b.Since
	case *event.Disconnect:
		m.over = m.over || ev.Conn == m.id
	case *event.GatewayStop:
		m.stopped = true
	}
	m.sum.observe(ev)
}

// addNew adds a message that look has not seen.
func (m *mending) addNew(message *binary.Message) error {
	ev, err := message.Event()
	if err != nil {
		return err
	}
	m.observe(&ev)
	return m.add(message)
}

// add puts a message into the block, and the block into the log when it is full.
func (m *mending) add(message *binary.Message) error {
	b := &m.block
	if b.Messages == 0 {
		b.From = message.Time
	}
	b.Plain, b.To = append(b.Plain, message.Bytes()...), message.Time
	b.Messages++
	b.Kinds |= 1 << message.Kind
	if len(b.Plain) < m.r.cfg.Block {
		return nil
	}
	full, err := m.encode()
	if err != nil {
		return err
	}
	if _, err = m.w.Write(full); err != nil {
		return err
	}
	return m.checkpoint()
}

// checkpoint makes a checkpoint if one is due, so that a store which can let go of what it
// has uploaded need not have room for the whole journal.
func (m *mending) checkpoint() error {
	w, ok := m.w.(storage.Releaser)
	if !ok || m.dir == "" || m.encoder.Size() < m.next {
		return nil
	}
	m.next = m.encoder.Size() + int64(m.r.cfg.checkpointEvery)
	if err := m.w.Sync(); err != nil {
		return err
	}
	sum := m.sum.state()
	c := &checkpoint{Version: checkpointVersion, Log: m.encoder.Checkpoint(sum.seen()), Sum: sum}
	if err := writeCheckpoint(m.r.cfg.FS, m.dir, m.id, c); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	m.pointed = true
	w.Release(c.Log.Offset)
	return nil
}

func (m *mending) encode() ([]byte, error) {
	b, err := m.encoder.AppendBlock(nil, m.block, m.r.compressor, 6)
	m.block = binary.Block{Plain: m.block.Plain[:0], Recovered: true}
	return b, err
}

func (m *mending) commit(ctx context.Context, last []byte) error {
	if len(last) > 0 {
		if _, err := m.w.Write(last); err != nil {
			return err
		}
	}
	return m.w.Commit(ctx)
}
