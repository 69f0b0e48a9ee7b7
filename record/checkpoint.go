package record

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
)

// A store that can let go of a log's bytes (storage.Releaser) may do so up to the log's
// last checkpoint: ID.checkpoint in the process's folder, one frame of JSON, replaced by
// a rename. Recovery reads the log from there on.
const (
	checkpointSuffix  = "checkpoint"
	checkpointVersion = 1
	// checkpointEvery is how much a log grows between two checkpoints. It is less than the
	// smallest part of an upload (5 MiB), so that each part can be let go of soon.
	checkpointEvery = 4 << 20
)

// checkpoint is all that must be known of a log's bytes up to some block's end.
type checkpoint struct {
	Version int                `json:"version"`
	Log     *binary.Checkpoint `json:"log"`
	Sum     *summaryState      `json:"sum"`
}

// summaryState is a summary as a checkpoint keeps it.
type summaryState struct {
	Summary event.Summary         `json:"summary"`
	Conn    event.ConnID          `json:"conn"`
	Peer    event.ConnID          `json:"peer"`
	Several bool                  `json:"several"`
	Peers   bool                  `json:"peers"`
	Country *string               `json:"country,omitempty"`
	Events  uint64                `json:"events"`
	Auth    []string              `json:"auth"`
	Open    map[uint64]int        `json:"open"`
	Asked   map[uint64][]asked    `json:"asked"`
	Foreign map[uint64]bool       `json:"foreign"`
	Online  map[event.ConnID]bool `json:"online"`
}

// state returns a copy of what the summary has gathered. Target and skipped are not in it:
// who resumes the log knows them from the journal.
func (s *summary) state() *summaryState {
	c := &summaryState{
		Summary: s.Summary, Conn: s.conn, Peer: s.peer, Several: s.several, Peers: s.peers, Country: s.country, Events: s.events,
		Auth: append([]string(nil), s.auth...), Open: maps.Clone(s.open), Foreign: maps.Clone(s.foreign), Online: maps.Clone(s.online),
		Asked: map[uint64][]asked{},
	}
	c.Summary.Channels = append([]event.ChannelSummary(nil), s.Channels...)
	for channel, all := range s.asked {
		c.Asked[channel] = append([]asked(nil), all...)
	}
	return c
}

// restore is the opposite of state.
func (c *summaryState) restore() *summary {
	return &summary{
		Summary: c.Summary, conn: c.Conn, peer: c.Peer, several: c.Several, peers: c.Peers, country: c.Country, events: c.Events,
		auth: c.Auth, open: c.Open, asked: c.Asked, foreign: c.Foreign, online: c.Online,
	}
}

func (c *summaryState) seen() binary.Seen {
	return binary.Seen{Conn: c.Conn, Peer: c.Peer, Several: c.Peers, Start: c.Summary.Start, Bytes: c.Summary.Bytes, Kinds: c.Summary.Kinds}
}

// checks is what a log knows of its checkpoints.
type checks struct {
	next uint64 // how much must be stored before the next; guarded as the log is

	released atomic.Int64 // the offset of latest

	mu     sync.Mutex // one is written at a time; guards the fields below it
	latest *checkpoint
	over   bool // the log is done with, or somebody else's
}

// offset is that of the last checkpoint, 0 if there is none.
func (c *checks) offset() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.latest == nil {
		return 0
	}
	return c.latest.Log.Offset
}

// noteState has the segment that is about to be sealed carry what its block's checkpoint
// will need, if one is due. The caller holds the log.
func (l *Log) noteState(s *segment) {
	if !l.q.checkpoints.Load() {
		return
	}
	if stored := l.meter.stored.Load(); stored >= l.checks.next {
		l.checks.next = stored + l.r.cfg.checkpointEvery
		s.sum = l.sum.state()
	}
}

// lastCheckpoint returns the newest one of segments, nil if there is none.
func lastCheckpoint(segments []*segment) (c *checkpoint) {
	for _, s := range segments {
		c = cmp.Or(s.check, c)
	}
	return c
}

// saveCheckpoint makes a checkpoint durable, and then lets the store let go of what is
// before it. The log must be durable up to there. Without it nothing is lost but room.
func (l *Log) saveCheckpoint(c *checkpoint) {
	l.checks.mu.Lock()
	defer l.checks.mu.Unlock()
	if l.checks.over || l.checks.latest != nil && l.checks.latest.Log.Offset >= c.Log.Offset {
		return
	}
	err := l.do(busyCheckpoint, func() error { return writeCheckpoint(l.r.cfg.FS, l.r.dir, l.id, c) })
	if err == nil {
		l.checks.latest = c
		l.releaseTo(c.Log.Offset)
	} else {
		l.r.failure(err)
		l.r.cfg.Logger.Warn("a checkpoint can't be written: the store can't free what it has uploaded of this log", "connection", l.id, "error", err)
	}
}

// releaseTo tells the store that nobody needs what is before offset to resume the log.
func (l *Log) releaseTo(offset int64) {
	l.q.writerMu.Lock()
	defer l.q.writerMu.Unlock()
	l.checks.released.Store(offset)
	if w, ok := l.q.writer.(storage.Releaser); ok {
		w.Release(offset)
	}
}

// endCheckpoints sees to it that no more are written, and removes what there is if the log
// is complete.
func (l *Log) endCheckpoints(remove bool) {
	l.checks.mu.Lock()
	defer l.checks.mu.Unlock()
	l.checks.over = true
	if remove && l.checks.latest != nil {
		l.r.remove(filepath.Join(l.r.dir, checkpointName(l.id)))
	}
}

func checkpointName(id event.ConnID) string { return string(id) + "." + checkpointSuffix }

func writeCheckpoint(fsys disk.FS, dir string, id event.ConnID, c *checkpoint) error {
	content, err := c.encode()
	if err != nil {
		return err
	}
	return writeWhole(fsys, filepath.Join(dir, checkpointName(id)), content)
}

func (c *checkpoint) encode() ([]byte, error) {
	content, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return newFrame(frameCheckpoint, content, 0), nil
}

func decodeCheckpoint(content []byte) (*checkpoint, error) {
	c := new(checkpoint)
	if err := json.Unmarshal(content, c); err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	if c.Version != checkpointVersion || c.Log == nil || c.Sum == nil {
		return nil, fmt.Errorf("checkpoint of version %d, and this sshtrail knows %d: use the version that wrote it to recover", c.Version, checkpointVersion)
	}
	return c, nil
}

// readCheckpoint returns a log's checkpoint, nil if there is none.
func readCheckpoint(fsys disk.FS, dir string, id event.ConnID) (*checkpoint, error) {
	b, err := readWhole(fsys, filepath.Join(dir, checkpointName(id)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var c *checkpoint
	_, err = eachFrame(b, 0, func(kind byte, content []byte) (err error) {
		if kind != frameCheckpoint || c != nil {
			return errFrame
		}
		c, err = decodeCheckpoint(content)
		return err
	})
	if err == nil && c == nil {
		err = errFrame
	}
	return c, err
}

// newSuffix is that of a file that will take the place of another.
const newSuffix = ".new"

// writeWhole puts a small file in the place of what there is, and returns when that is
// durable: after a crash there is the one or the other.
func writeWhole(fsys disk.FS, path string, content []byte) error {
	f, err := fsys.OpenFile(path+newSuffix, osCreate|os.O_TRUNC, segmentMode)
	if err != nil {
		return err
	}
	n, err := f.Write(content)
	if err == nil && n < len(content) {
		err = io.ErrShortWrite
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := fsys.Rename(path+newSuffix, path); err != nil {
		return err
	}
	return fsys.SyncDir(filepath.Dir(path))
}

// readWhole returns the bytes of a file of the journal.
func readWhole(fsys disk.FS, path string) ([]byte, error) {
	f, err := fsys.OpenFile(path, osRead, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return readSegment(f, info.Size(), nil)
}
