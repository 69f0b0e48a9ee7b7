package record

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
)

// Room says how full the disks may become that logs depend on. The zero Room sets no limit.
type Room struct {
	// Folders are those that logs depend on beside the journal's: the store's.
	Folders []string
	// Warn and Refuse are bytes: with less of them free the recorder warns, or is not
	// Ready. They count as a tenth and a twentieth of a disk at most, and the like holds
	// for the number of files: 1,000 and 100.
	Warn, Refuse uint64
	// Reserve is how many bytes are kept in each folder, at most a quarter of the disk, so
	// that the ends of logs can be written when it is full.
	Reserve uint64
}

const (
	warnFiles   = 1000
	refuseFiles = 100

	reserveName = ".reserve"
	probeName   = ".probe"
	probeSize   = 4 << 10
	// probeAge is how old the result of a probe may be when somebody asks.
	probeAge = 5 * time.Second
	// reserveUnit is how much of the reserve is written at once.
	reserveUnit = 64 << 10
)

// errFull says that what room is left is kept for the ends of logs.
var errFull = fmt.Errorf("%w: what room is left is kept for the ends of logs", syscall.ENOSPC)

// isFull reports whether an error says that there is no room.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, storage.ErrFull)
}

// volume is a folder that logs depend on, and the room on its disk. At most one look at
// it is under way, since a look can take as long as the disk likes.
type volume struct {
	r   *Recorder
	dir string
	// isShared says that another volume is on the same disk and keeps watch of its room.
	isShared bool

	looking atomic.Int64 // when the look that is under way began, in Recorder.elapsed; 0: none
	asked   atomic.Bool  // somebody wants to know whether it can be written to

	folder fs.FileInfo // at the last look; for who looks

	mu       sync.Mutex
	space    disk.Space
	known    bool
	reserved uint64
	err      error         // of the last look, or probe
	probed   time.Duration // when that was
	warned   bool          // that there is little room
	refused  bool          // new sessions, likewise
	full     bool          // it was found full, and was not found otherwise since
	fulls    int           // how often
}

func (r *Recorder) openVolumes() {
	for _, dir := range append([]string{r.cfg.Journal}, r.cfg.Room.Folders...) {
		v := &volume{r: r, dir: dir}
		v.isShared = slices.ContainsFunc(r.volumes, v.sharesDisk)
		r.volumes = append(r.volumes, v)
		v.asked.Store(true)
		v.look()
	}
}

// sharesDisk reports whether another folder is on the same disk.
func (v *volume) sharesDisk(other *volume) bool {
	mine, err := v.r.cfg.FS.Stat(v.dir)
	if err != nil {
		return false
	}
	theirs, err := v.r.cfg.FS.Stat(other.dir)
	return err == nil && disk.SameDisk(mine, theirs)
}

// lookSoon looks at the volume, beside the caller, unless somebody is at it.
func (v *volume) lookSoon() {
	if v.looking.CompareAndSwap(0, int64(v.r.elapsed())|1) {
		v.r.beside.Go(func() { defer v.looking.Store(0); v.look() }) // ends when the disk has answered
	}
}

// look finds out how much room there is, whether the volume can be written to, if
// somebody asked or there is doubt, and keeps the reserve.
func (v *volume) look() {
	v.mu.Lock()
	doubt, fulls := v.full || v.err != nil, v.fulls
	v.mu.Unlock()
	space, err := v.r.cfg.FS.Space(v.dir)
	moved := v.hasMoved()
	probed := v.asked.Swap(false) || doubt || moved || err != nil
	if probed {
		if probeErr := v.probe(); probeErr != nil {
			err = probeErr
		} else if err != nil { // the probe may have made the folder again
			space, err = v.r.cfg.FS.Space(v.dir)
		}
	}
	whole, reserved := true, uint64(0)
	if err == nil && v.r.cfg.Room.Reserve > 0 && !v.isShared && !v.r.isClosed() {
		whole, reserved, err = v.keepReserve(&space)
	}
	v.mu.Lock()
	v.space, v.reserved = space, reserved
	v.known = v.known || err == nil
	if probed {
		v.err, v.probed = err, v.r.elapsed()
	}
	v.judge(whole && fulls == v.fulls)
	v.mu.Unlock()
	if !v.r.isFull() {
		v.r.onlyEnds.Store(false)
	}
	if moved {
		v.r.checkLogs()
	}
}

// hasMoved reports whether the folder is gone, or another than at the last look.
func (v *volume) hasMoved() bool {
	now, err := v.r.cfg.FS.Stat(v.dir)
	if err != nil {
		return true
	}
	moved := v.folder != nil && !disk.SameFile(v.folder, now)
	v.folder = now
	return moved
}

// judge warns, once, when there is little room, and notes when there is room again: whole
// says that there is for the reserve too. The caller holds v.mu.
func (v *volume) judge(whole bool) {
	low, why := v.isLow()
	if v.full && v.err == nil && whole && !low {
		v.full = false
		v.r.cfg.Logger.Info("there is room again", "folder", v.dir, "free", v.space.Free)
	}
	warn, _ := v.limits()
	little := v.known && !v.isShared && (v.space.Free < warn || warn > 0 && v.fewFiles(warnFiles, 10))
	if little && !v.warned {
		v.r.cfg.Logger.Warn("a disk that logs depend on is nearly full: make room", "folder", v.dir, "free", v.space.Free, "size", v.space.Size, "freeFiles", v.space.FreeFiles)
	}
	if low && !v.refused {
		v.r.cfg.Logger.Error("a disk that logs depend on has too little room for new sessions", "folder", v.dir, "reason", why)
	}
	v.warned, v.refused = little, low
}

// limits returns the thresholds, in bytes, for a disk of that size.
func (r Room) limits(size uint64) (warn, refuse uint64) {
	return min(r.Warn, size/10), min(r.Refuse, size/20)
}

// limits returns the volume's thresholds. The caller holds v.mu.
func (v *volume) limits() (warn, refuse uint64) { return v.r.cfg.Room.limits(v.space.Size) }

// fewFiles reports whether fewer files than limit, and than that part of all, can be made.
func (v *volume) fewFiles(limit, part uint64) bool {
	return v.space.Files > 0 && v.space.FreeFiles < min(limit, v.space.Files/part)
}

// isLow reports whether there is too little room for new sessions, and says why. The
// caller holds v.mu.
func (v *volume) isLow() (bool, string) {
	_, refuse := v.limits()
	switch {
	case !v.known || v.isShared:
		return false, ""
	case v.space.Free < refuse:
		return true, fmt.Sprintf("the disk of %q has %d bytes free, and sessions are refused below %d", v.dir, v.space.Free, refuse)
	case refuse > 0 && v.fewFiles(refuseFiles, 20):
		return true, fmt.Sprintf("the disk of %q has room for %d more files only", v.dir, v.space.FreeFiles)
	}
	return false, ""
}

// probe finds out whether a file can be made and written.
func (v *volume) probe() error {
	if v.dir == v.r.cfg.Journal {
		if err := v.r.keepInstance(); err != nil {
			return err
		}
	}
	path := filepath.Join(v.dir, probeName)
	f, err := v.r.cfg.FS.OpenFile(path, osCreate, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, probeSize))
	removeErr := v.r.cfg.FS.Remove(path)
	if errors.Is(removeErr, fs.ErrNotExist) {
		removeErr = nil // by another process's probe
	}
	return errors.Join(err, f.Close(), removeErr)
}

// keepReserve makes the reserve if there is none and room for it. It returns whether it is
// there, how much of it is, and in space the room that is left.
func (v *volume) keepReserve(space *disk.Space) (whole bool, there uint64, err error) {
	path := filepath.Join(v.dir, reserveName)
	info, err := v.r.cfg.FS.Stat(path)
	switch {
	case err == nil:
		there = uint64(info.Size())
	case !errors.Is(err, fs.ErrNotExist):
		return false, 0, err
	}
	want := min(v.r.cfg.Room.Reserve, space.Size/4)
	if there >= want {
		return true, there, nil
	}
	if _, refuse := v.r.cfg.Room.limits(space.Size); space.Free+there < want+refuse {
		return false, there, nil // what there is of it may stay: others may have made it
	}
	if err := v.makeReserve(path, want); err != nil {
		return false, 0, err
	}
	*space, err = v.r.cfg.FS.Space(v.dir)
	return err == nil, want, err
}

// makeReserve fills a file with bytes that can't be compressed: others would reserve
// nothing on a file system that does that.
func (v *volume) makeReserve(path string, size uint64) (err error) {
	f, err := v.r.cfg.FS.OpenFile(path, osCreate|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	chance, unit := rand.NewChaCha8([32]byte{}), make([]byte, min(size, reserveUnit))
	for made := uint64(0); made < size && err == nil; made += uint64(len(unit)) {
		chance.Read(unit)
		_, err = f.Write(unit)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		err = errors.Join(err, v.r.cfg.FS.Remove(path))
	}
	return err
}

// release gives the reserve of a full disk up, and finds out whether the disk is full indeed: then
// nothing else is written but ends of logs.
func (v *volume) release() {
	space, err := v.r.cfg.FS.Space(v.dir)
	v.mu.Lock()
	if err == nil {
		v.space, v.known = space, true
	}
	_, refuse := v.limits()
	low := err == nil && (space.Free <= max(refuse, v.reserved/4) || space.Files > 0 && space.FreeFiles == 0)
	v.reserved = 0
	v.mu.Unlock()
	if low {
		v.r.onlyEnds.Store(true)
	}
	v.r.cfg.FS.Remove(filepath.Join(v.dir, reserveName)) // it may be gone already
}

// noteFull notes that a disk was full; which one is not known. A look may find otherwise.
func (r *Recorder) noteFull() {
	for _, v := range r.volumes {
		v.mu.Lock()
		v.full = !v.isShared
		v.fulls++
		v.mu.Unlock()
	}
}

// makeRoom is called before an end is written: if a disk is full, the reserves are given up.
func (r *Recorder) makeRoom() {
	for _, v := range r.volumes {
		v.mu.Lock()
		full := v.full
		v.mu.Unlock()
		if full {
			v.release()
		}
	}
}

func (r *Recorder) watchVolumes() {
	for _, v := range r.volumes {
		v.lookSoon()
	}
}

// isFull reports whether a volume was found full, and not otherwise since.
func (r *Recorder) isFull() bool {
	return slices.ContainsFunc(r.volumes, func(v *volume) bool {
		v.mu.Lock()
		defer v.mu.Unlock()
		return v.full
	})
}

// dropReserves removes the reserves, at the end: others who share the folder make theirs.
func (r *Recorder) dropReserves() {
	for _, v := range r.volumes {
		r.cfg.FS.Remove(filepath.Join(v.dir, reserveName)) // it may be gone already
	}
}

// isSlow reports whether a look at the volume takes too long.
func (v *volume) isSlow() bool {
	since := time.Duration(v.looking.Load())
	return since != 0 && v.r.elapsed()-since > slowDisk
}

// ready says why nothing can be recorded on the volume, as far as that is known, and has
// it probed if nobody knows.
func (v *volume) ready() error {
	now := v.r.elapsed()
	if v.isSlow() {
		return fmt.Errorf("the disk of %q does not answer", v.dir)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if now-v.probed > probeAge {
		v.asked.Store(true)
		v.lookSoon()
	}
	low, why := v.isLow()
	switch {
	case v.err != nil:
		return fmt.Errorf("%q can't be written to: %w", v.dir, v.err)
	case low:
		return errors.New(why)
	case v.full:
		return fmt.Errorf("the disk of %q is full", v.dir)
	}
	return nil
}

// inDoubt reports whether the last look at a volume found that it can't be written to.
func (r *Recorder) inDoubt() bool {
	return slices.ContainsFunc(r.volumes, func(v *volume) bool {
		v.mu.Lock()
		defer v.mu.Unlock()
		return v.err != nil
	})
}

func (v *volume) stats() DiskStats {
	v.mu.Lock()
	defer v.mu.Unlock()
	warn, refuse := v.limits()
	return DiskStats{
		Folder: v.dir, Free: v.space.Free, Size: v.space.Size, FreeFiles: v.space.FreeFiles, Files: v.space.Files,
		Warn: warn, Refuse: refuse, Reserve: v.reserved,
	}
}

// Ready returns nil if a session that begins now would be recorded, as far as that is
// known, or else all that keeps it from that. It waits for no disk; it has the disks
// probed, so that who asks again a moment later is told the truth of now.
func (r *Recorder) Ready() error {
	var why []error
	if r.isClosed() {
		why = append(why, errors.New("recording has ended"))
	}
	for _, v := range r.volumes {
		why = append(why, v.ready())
	}
	if r.logsWait() {
		why = append(why, errors.New("logs wait for a disk that does not answer"))
	}
	if r.onlyEnds.Load() {
		why = append(why, errFull)
	}
	if r.own != nil {
		if _, err := r.own.current().trouble.state(); err != nil {
			why = append(why, fmt.Errorf("the gateway's own log can't be written: %w", err))
		}
	}
	return errors.Join(why...)
}
