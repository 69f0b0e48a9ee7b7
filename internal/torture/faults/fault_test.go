package faults

import (
	"fmt"
	"path"
	"strings"
	"syscall"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
)

// fault says which calls fail, and how.
type fault struct {
	k     int   // the first one, among those in scope
	scope scope // whose calls count
	span  span
	how   how
	errno syscall.Errno // of those that fail; 0 if the process dies
	cut   uint64        // the seed of the power cut that comes with a death
}

// scope says whose calls can fail.
type scope string

const (
	anybodys scope = "anybody's"
	victims  scope = "the victim's" // files of one session's
	owns     scope = "its own"      // files of the gateway's own log
)

// span is how long the fault lasts.
type span string

const (
	once    span = "once"
	briefly span = "for 3 s"
	forever span = "from then on"
)

// brief is how long a disk is away that comes back.
const brief = 3 * time.Second

// how is what becomes of a call that fails.
type how string

const (
	plainly  how = "plainly"
	inPart   how = "in part"          // half of a write is done
	afterAll how = "after it is done" // all of it is, and yet it fails
)

func (f fault) String() string {
	what := f.errno.Error()
	if f.errno == 0 {
		what = "death"
	}
	return fmt.Sprintf("%s at %s call %d %s, %s", what, f.scope, f.k, f.how, f.span)
}

// kinds are the calls that can fail in a way for longer than once.
func kinds(errno syscall.Errno) []faultdisk.Op {
	switch errno {
	case syscall.ENOSPC, syscall.EDQUOT:
		return []faultdisk.Op{faultdisk.Open, faultdisk.Write, faultdisk.Mkdir, faultdisk.Sync}
	case syscall.EROFS:
		return []faultdisk.Op{faultdisk.Open, faultdisk.Write, faultdisk.Rename, faultdisk.Remove, faultdisk.Mkdir, faultdisk.Truncate}
	case syscall.EMFILE:
		return []faultdisk.Op{faultdisk.Open, faultdisk.SyncDir, faultdisk.ReadDir}
	}
	return []faultdisk.Op{
		faultdisk.Open, faultdisk.Rename, faultdisk.Remove, faultdisk.Mkdir, faultdisk.ReadDir, faultdisk.Stat, faultdisk.SyncDir,
		faultdisk.Write, faultdisk.Read, faultdisk.FStat, faultdisk.Truncate, faultdisk.Sync, faultdisk.Lock, faultdisk.Unlock,
	}
}

// trouble decides about the calls of one gateway. Its Process asks one at a time.
type trouble struct {
	fault
	seen     int // calls in scope
	ids      []string
	hit      time.Time        // when the first call failed
	failed   []string         // calls
	names    []faultdisk.Call // in scope
	onDeath  func()
	harmless bool
}

// decide is a faultdisk.Decide.
func (d *trouble) decide(c faultdisk.Call) faultdisk.Fault {
	if !d.inScope(c) {
		return faultdisk.Fault{}
	}
	n := d.seen
	d.seen++
	d.names = append(d.names, c)
	if d.harmless || !d.fails(n, c.Op) {
		return faultdisk.Fault{}
	}
	if d.hit.IsZero() {
		d.hit = time.Now()
	}
	d.failed = append(d.failed, c.String())
	if d.errno == 0 {
		d.onDeath()
		return faultdisk.Fault{Dies: true, After: d.how == afterAll, Short: d.short(c)}
	}
	return faultdisk.Fault{Err: d.errno, After: d.how == afterAll, Short: d.short(c)}
}

func (d *trouble) short(c faultdisk.Call) int {
	if d.how == inPart {
		return int(c.Size / 2)
	}
	return 0
}

func (d *trouble) fails(n int, op faultdisk.Op) bool {
	switch {
	case n < d.k:
		return false
	case n == d.k:
		return true
	case d.span == once || d.span == briefly && time.Since(d.hit) > brief:
		return false
	}
	for _, kind := range kinds(d.errno) {
		if kind == op {
			return true
		}
	}
	return false
}

// The order in which logs are begun, as long as none is begun anew after a failure.
const (
	ownLog = iota
	bystandersLog
	victimsLog
)

func (d *trouble) inScope(c faultdisk.Call) bool {
	whose := d.whose(c)
	switch d.scope {
	case victims:
		return whose == victimsLog
	case owns:
		return whose == ownLog
	}
	return true
}

// whose returns whose file a call is about, -1 if it is no log's.
func (d *trouble) whose(c faultdisk.Call) int {
	folder, base := path.Split(c.Name)
	id, _, _ := strings.Cut(base, ".")
	if folder == journal+"/" || len(id) != idLength { // a process has a folder of its own in that
		return -1
	}
	for i, known := range d.ids {
		if known == id {
			return i
		}
	}
	d.ids = append(d.ids, id)
	return len(d.ids) - 1
}

// idLength is the length of a log's name: a UUID without its dashes.
const idLength = 32
