package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/storage"
)

// Log is the log of one connection in the making: a tap.Sink. It begins with
// [event.Connect], is kept in memory until [event.HandshakeSuccessful] gives it a
// journal and a place in the store, and ends by itself with [event.Disconnect].
type Log struct {
	r     *Recorder
	id    event.ConnID
	begin time.Time
	isOwn bool

	// sem is the log's lock, a channel since who waits for it must be able to give up
	// when its holder is stuck on a disk. It guards the fields below it.
	sem    chan struct{}
	phase  phase
	login  bool // open was begun, if not done
	named  bool // the store may have something by this name
	last   int64
	early  []earlyFrame
	cost   int // bytes in early
	ev     event.Event
	sum    *summary
	target *string
	seg    *segment        // the one that is written to; nil right after a block
	stuck  <-chan struct{} // closed when an operation that was given up has returned
	blocks uint32          // segments so far
	files  uint32          // names of files for them
	isFast bool            // the last one was
	next   uint64          // number of the next event
	unsaid unsaid          // when the log is given up

	written atomic.Uint64 // next, for who does not hold sem
	over    atomic.Bool   // phase is ended, likewise
	skipped skipped
	trouble trouble
	q       queue
	meter   meter
	busy    [numBusy]atomic.Int64 // when the wait for a disk began, in Recorder.elapsed; 0: none

	syncMu  sync.Mutex // one sync at a time; guards the fields below it
	synced  uint64     // events that survive a power cut
	isDirty atomic.Bool
	checks  checks
	tail    tail
	copied  *copiedLog // nil without copies; guarded as the log is until create is over
	// unsure is set when a sync failed: the kernel tells of a page that it could not
	// write once, and calls it clean from then on.
	unsure atomic.Bool
}

// earlyFrame is an event from before the login.
type earlyFrame struct {
	frame []byte
	time  int64
	kind  event.Kind
}

// unsaid is what a log that is given up for now is to be given by who mends it: events
// of before the login, the first of which has the number first, and last words.
type unsaid struct {
	first uint64
	early []earlyFrame
	last  []event.Body
}

func (u *unsaid) isEmpty() bool { return len(u.early)+len(u.last) == 0 }

type phase int

const (
	early phase = iota
	live
	ended
)

// What a log waits for on a disk. Each is at most one operation at a time.
const (
	busyJournal    = iota // writing an event
	busyRead              // reading a segment back
	busySync              // syncing the journal
	busyStore             // writing a block
	busyStoreSync         // syncing the log
	busyCheckpoint        // writing a checkpoint
	numBusy
)

const (
	// maxEarly bounds what a connection costs before its login.
	maxEarly = 32 << 10
	// maxBehind is how many blocks of a log may wait for compression and the store.
	maxBehind = 4
)

// ErrEnded is returned by Emit after the log's last event.
var ErrEnded = errors.New("the log has ended")

var errEncode = errors.New("encode event")

var errTooMuch = fmt.Errorf("more than %d KiB of events before a login", maxEarly>>10)

func (r *Recorder) newLog(id event.ConnID, now time.Time) *Log {
	l := &Log{r: r, id: id, begin: now, sem: make(chan struct{}, 1), sum: newSummary()}
	l.q.room = make(chan struct{}, 1)
	l.trouble.init()
	return l
}

// ID returns the connection's id, which is the log's name.
func (l *Log) ID() event.ConnID { return l.id }

// SetTarget notes what the client was joined to, for the log's summary.
func (l *Log) SetTarget(name string) error {
	if err := l.acquire(); err != nil {
		return err
	}
	defer l.release()
	l.target = &name
	if l.copied != nil {
		l.copied.target.Store(&name)
	}
	if l.phase != live || l.seg == nil {
		return nil // the next segment's head has it
	}
	return l.write(append(make([]byte, frameHead), name...), frameTarget)
}

// Emit records body. See tap.Sink, whose contract it keeps. It does not keep body.
func (l *Log) Emit(channel uint64, body event.Body) error {
	if data, ok := body.(*event.IO); ok && len(data.Data) == 0 {
		return l.skip(data)
	}
	err := l.emit(l.id, channel, body)
	end, last := body.(*event.Disconnect)
	if last && err == errGap {
		err = l.endInGap(end)
	}
	// The record of access comes second, since what a stranger can send is bounded by
	// the first; and an end belongs into it whatever became of the log.
	if err == nil || last {
		err = errors.Join(err, l.tee(channel, body))
	}
	return err
}

// skip counts bytes that pass unseen because their interception is off. They must not
// pass either if nothing else may.
func (l *Log) skip(data *event.IO) error {
	if l.over.Load() {
		return ErrEnded
	}
	if err := l.trouble.err(); err != nil && err != errGap {
		return err
	}
	l.skipped.add(data.Stream, data.Skipped)
	return nil
}

// tee hands what belongs to the record of access to the recorder's own log too.
func (l *Log) tee(channel uint64, body event.Body) error {
	if l.r.own == nil || body.Type().OnChannel() || !isAccess(body) {
		return nil
	}
	return l.r.own.emit(l.id, channel, body)
}

// isAccess reports whether an event says who came, how they were let in or not, and
// when they went.
func isAccess(body event.Body) bool {
	switch body.(type) {
	case *event.Connect, *event.Disconnect, *event.AuthNone, *event.AuthPartial, *event.AuthMethod, *event.Refused, *event.Gap:
		return true
	}
	return event.KindOf(body) == event.KindAuth
}

func (l *Log) emit(conn event.ConnID, channel uint64, body event.Body) error {
	for {
		if err := l.emitOnce(conn, channel, body); err != errAgain {
			return err
		}
	}
}

func (l *Log) emitOnce(conn event.ConnID, channel uint64, body event.Body) error {
	if err := l.acquire(); err != nil {
		return l.failed(err, body)
	}
	err := l.record(conn, channel, body)
	number, isLive := l.next, l.phase != early
	l.release()
	if err == nil && isLive && l.r.cfg.Sync == 0 {
		if err = l.awaitSync(number); err != nil {
			return l.failed(err, nil)
		}
	}
	if err != nil {
		return l.failed(err, body)
	}
	return nil
}

// record appends an event to the log. The caller holds the log.
func (l *Log) record(conn event.ConnID, channel uint64, body event.Body) error {
	if l.phase == ended {
		return ErrEnded
	}
	l.ev = event.Event{Conn: conn, Time: l.now(), Channel: channel, Body: body}
	defer func() { l.ev.Body = nil }()
	buf := frames.Get().(*[]byte)
	defer frames.Put(buf)
	frame, err := binary.AppendMessage((*buf)[:frameHead], &l.ev)
	if err != nil {
		return fmt.Errorf("%w: %w", errEncode, err)
	}
	*buf = frame
	if err := l.keep(frame); err != nil {
		return err
	}
	l.sum.observe(&l.ev)
	l.sealFull()
	switch body.(type) {
	case *event.HandshakeSuccessful:
		if l.phase == early && !l.login {
			return l.firstOpen()
		}
	case *event.Disconnect:
		if !l.isOwn {
			l.finish()
		}
	}
	return nil
}

// frames are buffers to encode into.
var frames = sync.Pool{New: func() any { b := make([]byte, frameHead, 1<<10); return &b }}

// keep puts one message's frame where it is safe: before the login that is memory.
func (l *Log) keep(frame []byte) error {
	kind := event.KindOf(l.ev.Body)
	if l.phase != early {
		return l.append(frame, l.ev.Time, kind)
	}
	if l.cost += len(frame); l.cost > maxEarly {
		return errTooMuch
	}
	l.early = append(l.early, earlyFrame{bytes.Clone(frame), l.ev.Time, kind})
	return nil
}

// now returns the time of the next event: the wall clock at the beginning and the
// monotonic one since, so that a step of the wall clock reorders nothing.
func (l *Log) now() int64 {
	t := l.begin.UnixNano() + int64(l.r.cfg.Now().Sub(l.begin))
	l.last = max(l.last, t, 0)
	return l.last
}

// firstOpen opens the log at the login. The login's event is safe, in early, and is in
// no gap if the failure policy lets the connection go on.
func (l *Log) firstOpen() error {
	err := l.open()
	if err != nil && l.r.cfg.OnFailure == Continue {
		l.miss(err)
		return nil
	}
	return err
}

// open gives the log its journal, with what happened so far, and its place in the store.
// After an error it can be called again, and goes on where it stopped. The journal comes
// first, and its name is durable before there is a log: so whatever a crash leaves in the
// store, recovery knows whose it is and has something to finish it with.
func (l *Log) open() error {
	l.login = true
	l.r.addLog(l)
	if l.blocks == 0 {
		if err := l.openSegment(); err != nil {
			return err
		}
	}
	for len(l.early) > 0 {
		e := l.early[0]
		if err := l.append(e.frame, e.time, e.kind); err != nil {
			return err
		}
		l.early = l.early[1:]
	}
	if err := l.mark(); err != nil {
		return err
	}
	if err := l.wait(busyJournal, l.r.syncFolder, func() {}); err != nil {
		return fmt.Errorf("sync journal folder: %w", err)
	}
	if !l.q.hasWriter() {
		if err := l.create(); err != nil {
			return err
		}
	}
	l.early, l.phase = nil, live
	l.sealFull()
	return nil
}

// append writes a message's frame to the journal and counts it.
func (l *Log) append(frame []byte, time int64, kind event.Kind) error {
	if l.r.onlyEnds.Load() && !l.isOwn && !l.trouble.lastWords.Load() {
		return errFull
	}
	if l.seg == nil {
		if err := l.q.waitRoom(&l.trouble); err != nil {
			return err
		}
		if err := l.openSegment(); err != nil {
			return err
		}
	}
	if err := l.write(frame, frameMessage); err != nil {
		return err
	}
	l.seg.add(len(frame)-frameHead, time, kind)
	if l.seg.mem != nil {
		*l.seg.mem = append(*l.seg.mem, frame[frameHead:]...)
	}
	l.next++
	l.written.Store(l.next)
	l.meter.bytes.Add(uint64(len(frame) - frameHead))
	l.r.markDirty(l)
	return nil
}

// sealFull hands a segment that is full to the queue, once there is a log to store it in.
func (l *Log) sealFull() {
	if l.phase == live && l.seg.plain >= l.r.cfg.Block {
		l.seal(nil)
	}
}

func (l *Log) openSegment() error {
	h := head{Log: l.id, Block: l.blocks, First: l.next, Target: l.target, Skipped: l.skipped.bytes(), Nonce: rand.Uint64()}
	number := l.files
	l.files++
	var made *segment
	err := l.wait(busyJournal, func() (err error) {
		made, err = l.r.beginSegment(h, number, l.q.takeSpare())
		return err
	}, func() { made.file.giveUp(l.r.cfg.FS) })
	if err != nil {
		return fmt.Errorf("begin journal: %w", err)
	}
	if l.isFast {
		l.r.remember(made)
	}
	l.seg = made
	l.blocks++
	l.q.setActive(made)
	return nil
}

// create begins the log in the store.
func (l *Log) create() error {
	l.named = true
	var w storage.Writer
	encoder, about := binary.NewWriter(), aboutLog(l.sum.metadata())
	header := encoder.AppendHeader(nil)
	err := l.wait(busyStore, func() (err error) {
		w, err = beginLog(l.r.cfg.Store, storage.Name(l.id), about, header)
		return err
	}, func() { w.Close() })
	if err != nil {
		return fmt.Errorf("begin log: %w", err)
	}
	_, releases := w.(storage.Releaser)
	l.q.begin(w, encoder, releases || l.r.tails.interval > 0)
	return nil
}

// beginLog creates a log with its header. One that an earlier try has left is ours: no
// other has this id.
func beginLog(store storage.Store, name storage.Name, about storage.About, header []byte) (storage.Writer, error) {
	ctx := context.Background()
	w, err := store.Create(ctx, name, about)
	if errors.Is(err, storage.ErrExist) {
		w, err = store.Resume(ctx, name, func(io.ReaderAt, int64) (int64, error) { return 0, nil })
	}
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(header); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

func (l *Log) write(frame []byte, kind byte) error {
	s := l.seg
	sealFrame(frame, kind, s.seed)
	var err error
	if l.patient() {
		err = l.writePatiently(s, frame)
	} else if err = l.begins(busyJournal); err == nil { // as do, without its allocation for each event
		err = writeFrame(s.file, frame, s.size)
		l.ends(busyJournal)
	}
	if err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	s.size += int64(len(frame))
	return nil
}

func (l *Log) writePatiently(s *segment, frame []byte) error {
	frame = bytes.Clone(frame) // it may be given up and still be at work
	size := s.size
	return l.wait(busyJournal, func() error { return writeFrame(s.file, frame, size) }, func() {})
}

// seal hands the segment that is full to the queue, with the log's end if there is one.
func (l *Log) seal(end *ending) {
	s := l.seg
	if s == nil {
		s = &segment{head: head{Block: l.blocks, First: l.next}}
	}
	l.seg, l.isFast = nil, s.isFast()
	if end == nil {
		l.noteState(s)
	}
	if l.q.push(s, end) {
		l.r.ending.Go(l.drain) // ends when the queue is empty
	}
}

// finish ends the log: what is left becomes its last block, beside the caller.
func (l *Log) finish() {
	if l.phase == live {
		l.sum.target, l.sum.skipped = l.target, l.skipped.bytes()
		l.seal(&ending{last: l.ev.Time})
	}
	l.ended()
}

func (l *Log) ended() {
	l.phase, l.early = ended, nil
	l.over.Store(true)
}
