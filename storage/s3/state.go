package s3

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
)

// stateFile is a log's state on the disk, NAME.upload: a line of JSON for each [change].
// Who holds its lock is the one who uploads the log. A line that a crash has cut is as if it
// had never been: what is said in one is either not needed, or synced before it is relied on.
type stateFile struct {
	s    *spool
	name storage.Name

	mu   sync.Mutex
	f    disk.File
	torn bool // the file's last line may be cut: it is written anew before another is added
}

// manyLines is how many lines a state file may have that are not of parts before it is written anew: tries that failed
// leave some.
const manyLines = 100

// Who gives a state up, or looks whether it is of any use, is done with it in no time: that long it is waited for.
const (
	claimTries = 100
	claimPause = time.Millisecond
)

// careful opens what is there, and neither follows a link nor waits for a pipe's other end.
const careful = unix.O_NOFOLLOW | unix.O_NONBLOCK

// createState writes the state of a new log, of which nobody knows yet. It is durable
// when syncState says so.
func (s *spool) createState(name storage.Name, p *progress) error {
	f, err := s.fs.OpenFile(s.state(name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND|careful, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(encode(p.changes()))
	return errors.Join(err, f.Close())
}

// syncState makes the state durable, but for its name. A log without one is left to its fate.
func (s *spool) syncState(name storage.Name) error {
	f, err := s.fs.OpenFile(s.state(name), os.O_RDONLY|careful, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// readState reads a log's state as it is now, whoever holds it. There may be none.
func (s *spool) readState(name storage.Name) (*progress, error) {
	f, err := s.fs.OpenFile(s.state(name), os.O_RDONLY|careful, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, _, _, err := load(f)
	return p, err
}

// openState takes a log's state, or fails with [disk.ErrLocked] if somebody has it. If
// there is none, or nothing in it, it is p that is written; it is nil then for [fs.ErrNotExist].
func (s *spool) openState(name storage.Name, p *progress) (*stateFile, *progress, error) {
	f, err := s.fs.OpenFile(s.state(name), os.O_RDWR|os.O_APPEND|careful, 0)
	if errors.Is(err, fs.ErrNotExist) && p != nil {
		f, err = s.fs.OpenFile(s.state(name), os.O_RDWR|os.O_APPEND|os.O_CREATE|careful, 0o600)
	}
	if err != nil {
		return nil, nil, err
	}
	st := &stateFile{s: s, name: name, f: f}
	if err := st.claim(); err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	found, lines, torn, err := load(f)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	if found == nil && p == nil {
		return nil, nil, errors.Join(fs.ErrNotExist, f.Close())
	}
	if found == nil {
		found, torn = p, true
	}
	if torn || lines > 2*len(found.parts)+manyLines {
		if err := st.rewrite(found); err != nil {
			return nil, nil, errors.Join(err, st.close())
		}
	}
	return st, found, nil
}

// claim locks the file, and sees to it that it is the one of that name still.
func (st *stateFile) claim() error {
	err := st.f.TryLock(disk.Exclusive)
	for tries := 0; errors.Is(err, disk.ErrLocked) && tries < claimTries; tries++ {
		<-time.After(claimPause)
		err = st.f.TryLock(disk.Exclusive)
	}
	if err != nil {
		return err
	}
	mine, err := st.f.Stat()
	if err != nil {
		return err
	}
	there, err := st.s.fs.Stat(st.s.state(st.name))
	if err == nil && !disk.SameFile(mine, there) {
		return fmt.Errorf("%w: it was replaced meanwhile", disk.ErrLocked)
	}
	return err
}

// load reads the changes in a file. It returns nil if there is no beginning, and whether there is more in
// the file than it understood.
func load(f disk.File) (p *progress, lines int, torn bool, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, 0, false, err
	}
	b, err := io.ReadAll(io.NewSectionReader(f, 0, info.Size()))
	if err != nil {
		return nil, 0, false, err
	}
	for ; len(b) > 0; lines++ {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		var c change
		if !whole || json.Unmarshal(line, &c) != nil || p == nil && c.Begin == nil {
			return p, lines, true, nil
		}
		if c.Begin != nil && c.Begin.Version != stateVersion {
			return nil, 0, false, fmt.Errorf("its state has version %d, and this program knows %d: use the program that wrote it", c.Begin.Version, stateVersion)
		}
		if p == nil {
			p = &progress{}
		}
		p.apply(c)
		b = rest
	}
	return p, lines, false, nil
}

func encode(changes []change) []byte {
	var b []byte
	for _, c := range changes {
		line, err := json.Marshal(c)
		if err != nil {
			panic("s3: a change that is no JSON: " + err.Error())
		}
		b = append(append(b, line...), '\n')
	}
	return b
}

// append adds a change; the caller holds st.mu. now returns all of them, with that one, in case the file must be
// written anew. With durable it returns when a power cut can't undo it.
func (st *stateFile) append(c change, durable bool, now func() *progress) error {
	if st.torn {
		return st.rewrite(now())
	}
	st.torn = true // until it is known to be whole
	if _, err := st.f.Write(encode([]change{c})); err != nil {
		return err
	}
	if durable {
		if err := st.f.Sync(); err != nil {
			return err
		}
	}
	st.torn = false
	return nil
}

// rewrite puts a new file in place of the old one, durably.
func (st *stateFile) rewrite(p *progress) error {
	temp := st.s.temp(st.name)
	f, err := st.s.fs.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND|careful, 0o600)
	if err != nil {
		return err
	}
	err = f.TryLock(disk.Exclusive) // before it has the name that others look for
	if err == nil {
		_, err = f.Write(encode(p.changes()))
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = st.s.fs.Rename(temp, st.s.state(st.name))
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	old := st.f
	st.f, st.torn = f, false
	return errors.Join(st.s.fs.SyncDir(st.s.dir), old.Close())
}

// close gives the state back to whoever wants it next.
func (st *stateFile) close() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.f.Close()
}
