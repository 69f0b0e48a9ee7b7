package record

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"path/filepath"
	"strings"
	"sync"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/disk"
)

// segmentFile is a file for segments, one after another.
type segmentFile struct {
	disk.File
	path string
}

// give up removes a file that is of no use. That is best effort: recovery passes over one
// without a head.
func (f *segmentFile) giveUp(fsys disk.FS) {
	f.Close()
	fsys.Remove(f.path)
}

const (
	// maxSpares is how many files are kept, open, for logs to come: 8 MiB, with blocks of
	// 128 KiB.
	maxSpares = 64
	// ownSpares is how many a log keeps for itself, so that it need not give them names.
	ownSpares = 2
)

// spares are files that no segment needs any more.
type spares struct {
	mu    sync.Mutex
	files []*segmentFile
	over  bool
}

// take returns a file, nil if there is none.
func (s *spares) take() *segmentFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.files) == 0 {
		return nil
	}
	f := s.files[len(s.files)-1]
	s.files = s.files[:len(s.files)-1]
	return f
}

// put keeps a file, and reports whether there was room for it.
func (s *spares) put(f *segmentFile) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || len(s.files) >= maxSpares {
		return false
	}
	s.files = append(s.files, f)
	return true
}

// end returns all files. No more are kept.
func (s *spares) end() []*segmentFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	files := s.files
	s.files, s.over = nil, true
	return files
}

// segmentFileFor returns a file for a log's next segment, with a name of the log's: the
// log's own spare, another log's, or a new one.
func (r *Recorder) segmentFileFor(id event.ConnID, number uint32, spare *segmentFile) (*segmentFile, error) {
	if spare != nil {
		return spare, nil
	}
	path := filepath.Join(r.dir, segmentName(id, number))
	for spare := r.spares.take(); spare != nil; spare = r.spares.take() {
		if err := r.cfg.FS.Rename(spare.path, path); err == nil {
			spare.path = path
			r.segmentsMade.Add(1)
			return spare, nil
		}
		spare.giveUp(r.cfg.FS) // the folder may have been removed
	}
	f, err := r.cfg.FS.OpenFile(path, osSegment, segmentMode)
	if err != nil {
		return nil, err
	}
	r.segmentsMade.Add(1)
	return &segmentFile{f, path}, nil
}

// beginSegment begins a segment in a file: the log's spare, if that is not nil.
func (r *Recorder) beginSegment(h head, number uint32, spare *segmentFile) (*segment, error) {
	f, err := r.segmentFileFor(h.Log, number, spare)
	if err != nil {
		return nil, err
	}
	s, err := beginSegment(f, h)
	if err != nil {
		f.giveUp(r.cfg.FS)
		return nil, err
	}
	return s, nil
}

// empty takes the head of a segment away that is done with. What it writes instead says
// under which name that was: a power cut can undo it, or what happened to the file later.
func (f *segmentFile) empty() error { return writeFrame(f, emptyHead(f.path), 0) }

func emptyHead(path string) []byte {
	b := make([]byte, frameHead)
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum([]byte(filepath.Base(path)), castagnoli))
	return b
}

// keepFile keeps the file of a segment that is done with: for the log, if it goes on, or
// for another one.
func (l *Log) keepFile(f *segmentFile) {
	if err := f.empty(); err != nil {
		l.r.cfg.Logger.Warn("a file of the journal that is done with can't be used again", "error", err)
		f.Close()
		l.r.remove(f.path)
		return
	}
	l.q.mu.Lock()
	own := !l.q.done && len(l.q.spares) < ownSpares
	if own {
		l.q.spares = append(l.q.spares, f)
	}
	l.q.mu.Unlock()
	if !own && !l.r.spares.put(f) {
		f.Close()
		l.r.remove(f.path)
	}
}

// takeSpare returns a file of the log's own, nil if there is none.
func (q *queue) takeSpare() *segmentFile {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.spares) == 0 {
		return nil
	}
	f := q.spares[len(q.spares)-1]
	q.spares = q.spares[:len(q.spares)-1]
	return f
}

// dropSpares removes all files that are kept for logs to come.
func (r *Recorder) dropSpares() {
	for _, f := range r.spares.end() {
		f.Close()
		r.remove(f.path)
	}
}

// folder is what a process's folder in the journal has.
type folder struct {
	// segments are the paths of files by log, which is that of the head. The log of a name is
	// among them too, unless somebody was done with the file under this name: a power cut may
	// have left no more of it.
	segments map[event.ConnID][]string
	stray    []string // files that nothing is in for anybody
}

// maxHead is a segment's head at most: the target's name is the largest part of it.
const maxHead = 64 << 10

// readFolder finds out what is in the folder of a dead process.
func readFolder(fsys disk.FS, dir string) (*folder, error) {
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	found := &folder{segments: map[event.ConnID][]string{}}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		name, isSegment := parseSegmentName(e.Name())
		if !isSegment {
			if strings.HasSuffix(e.Name(), newSuffix) {
				found.stray = append(found.stray, path)
			}
			continue
		}
		of, isEmpty, err := logOf(fsys, path)
		if err != nil {
			return nil, err
		}
		if isEmpty {
			found.stray = append(found.stray, path)
			continue
		}
		of = cmp.Or(of, name)
		found.segments[of] = append(found.segments[of], path)
		if _, ok := found.segments[name]; !ok {
			found.segments[name] = nil
		}
	}
	return found, nil
}

// logOf returns the log that a file has a segment of, "" if that is not known, and whether
// somebody was done with it under the name that it has.
func logOf(fsys disk.FS, path string) (of event.ConnID, isEmpty bool, err error) {
	f, err := fsys.OpenFile(path, osRead, 0)
	if err != nil {
		return "", false, err
	}
	defer f.Close()
	b, err := readSegment(f, maxHead, nil)
	if err != nil {
		return "", false, err
	}
	s, _, err := cutHead(b)
	switch {
	case err == nil:
		return s.Log, false, nil
	case err == errFrame:
		return "", bytes.HasPrefix(b, emptyHead(path)), nil
	case errors.Is(err, errVersion):
		return "", false, nil
	}
	return "", false, err
}
