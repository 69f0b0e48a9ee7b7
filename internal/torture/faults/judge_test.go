package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/file"
)

// soon is what promise 3 gives a session that can't be recorded.
const soon = 5 * time.Second

// judgePeople holds what people met to the promises: nobody hangs, nobody is ended without
// a word, and who has nothing to do with the fault meets none of it.
func (r *trial) judgePeople(t testing.TB) {
	t.Helper()
	for _, p := range r.people() {
		if p.slowest > soon {
			t.Errorf("%s waited for %v in %s, want at most %v", p.name, p.slowest, p.why, soon)
		}
		// Who comes after a fault may be refused: that the disk works is known a little later.
		touched := r.scope != victims || p != r.bystander
		switch {
		case p.err == nil:
		case !touched || r.trouble.hit.IsZero():
			t.Errorf("%s has nothing to do with it and met an error: %v", p.name, p.err)
		case r.policy == record.Continue && r.errno != 0:
			t.Errorf("%s met an error under continue: %v", p.name, p.err)
		default:
			r.judgeWords(t, p)
		}
	}
}

// judgeWords wants somebody whose session was ended to be told, and the operator too.
func (r *trial) judgeWords(t testing.TB, p *person) {
	t.Helper()
	_, told := p.received(p.errs.all())
	if words := told + p.err.Error(); p.client != nil && !strings.Contains(words, "can't be recorded") && !strings.Contains(words, "recording is not possible") {
		t.Errorf("%s met %v, and was told %q: want to be told that it can't be recorded", p.name, p.err, told)
	}
	if r.errno != 0 && !strings.Contains(r.house.said.String(), r.errno.Error()) {
		t.Errorf("%s met %v, and the operator was not told why", p.name, p.err)
	}
	if counted := r.house.recorder.Stats().Failures; r.errno != 0 && p.client != nil && counted[kindOf(r.errno)] == 0 {
		t.Errorf("%s met %v, and the metrics count the failures %v, none of them %s", p.name, p.err, counted, kindOf(r.errno))
	}
}

// kindOf is what the metrics call a failure.
func kindOf(errno syscall.Errno) string {
	switch errno {
	case syscall.ENOSPC, syscall.EDQUOT:
		return "full"
	case syscall.EROFS:
		return "readonly"
	case syscall.EMFILE:
		return "descriptors"
	}
	return "io"
}

// restart starts a gateway on what is left, on a disk that works, and stops it: all that
// was left is finished then. It returns the logs of which nothing could be saved.
func restart(t testing.TB, fsys disk.FS, s setting) (nothing map[string]bool) {
	t.Helper()
	nothing = map[string]bool{}
	again, err := openRecorder(fsys, s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Errorf("restart: %v", err)
		return nothing
	}
	for _, rec := range again.Recoveries() {
		if errors.Is(rec.Err, record.ErrNothingSaved) {
			nothing[string(rec.Log)] = true
		} else if rec.Err != nil {
			t.Errorf("recover %s: %v", rec.Log, rec.Err)
		}
	}
	if err := again.Close(context.Background(), "stopped"); err != nil {
		t.Errorf("stop after the restart: %v", err)
	}
	return nothing
}

// judgeFiles wants nothing to be left but finished logs.
func judgeFiles(t testing.TB, fsys disk.FS) {
	t.Helper()
	for _, folder := range []string{journal, logs} {
		entries, err := fsys.ReadDir(folder)
		if err != nil {
			t.Error(err)
		}
		for _, e := range entries {
			if folder == journal || strings.Contains(e.Name(), ".") {
				t.Errorf("%s/%s is left after the restart", folder, e.Name())
			}
		}
	}
}

// readLogs reads all logs on a disk by name.
func readLogs(t testing.TB, fsys disk.FS, left map[string]bool) map[string]*log {
	t.Helper()
	all := map[string]*log{}
	store, err := file.New(file.Config{Directory: logs}, fsys)
	if err != nil {
		t.Error(err)
		return nil
	}
	for info, err := range store.List(context.Background(), "") {
		if err != nil {
			t.Error(err)
			break
		}
		l, err := readLog(store, info.Name)
		if err != nil {
			t.Errorf("read log %s: %v", info.Name, err)
			continue
		}
		if left[string(info.Name)] && len(l.Events) == 0 {
			continue
		}
		all[string(info.Name)] = l
		if l.Verdict != binary.Complete && l.Verdict != binary.Recovered {
			t.Errorf("log %s is %s (%s)", info.Name, l.Verdict, l.Fault)
		}
		if len(l.Flaws) > 0 && len(oracle.Bodies[*event.Gap](l.Log)) == 0 {
			t.Errorf("log %s contradicts itself: %q", info.Name, l.Flaws)
		}
	}
	return all
}

// log is a log with its data, that of channels too whose beginning is in a gap. Nobody here
// has more than one.
type log struct {
	*oracle.Log
	data [3][]byte // by stream
}

func (l *log) isOwn() bool { return len(oracle.Bodies[*event.GatewayStart](l.Log)) > 0 }

func readLog(store *file.Store, name storage.Name) (*log, error) {
	f, err := store.Open(context.Background(), name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	read, err := oracle.Read(io.NewSectionReader(f, 0, f.Size()))
	if err != nil {
		return nil, err
	}
	l := &log{Log: read}
	for ev, err := range binary.NewReader(io.NewSectionReader(f, 0, f.Size())).Events() {
		if err != nil {
			break // the verdict says so too
		}
		if data, ok := ev.Body.(*event.IO); ok {
			l.data[data.Stream] = append(l.data[data.Stream], data.Data...)
		}
	}
	return l, nil
}

// seen is what both sides had received at a moment.
type seen struct{ out, notes, input []byte }

func (r *trial) seen(p *person, of func(*stream) []byte) seen {
	notes, _ := p.received(of(&p.errs))
	return seen{of(&p.out), notes, of(&p.program.input)}
}

// judgeLogs holds the logs to what people have seen: all of that is there, and nothing
// that was not sent. of says which moment counts, and left which logs may have nothing.
func (r *trial) judgeLogs(t testing.TB, fsys disk.FS, left map[string]bool, of func(*stream) []byte) {
	t.Helper()
	all := readLogs(t, fsys, left)
	for _, p := range r.people() {
		id := r.house.id(p)
		want := r.seen(p, of)
		l := all[id]
		if l == nil {
			if n := len(want.out) + len(want.notes) + len(want.input); n > 0 && !r.toldOfGap(id) {
				t.Errorf("%s has no log, and %d bytes were delivered", p.name, n)
			}
			continue
		}
		missing := compare(t, p.name+"'s stdout", want.out, l.data[event.Stdout], p.seed, ofStdout, replySize)
		missing = missing.plus(compare(t, p.name+"'s stderr", want.notes, l.data[event.Stderr], p.seed, ofStderr, noteSize))
		missing = missing.plus(compare(t, p.name+"'s stdin", want.input, l.data[event.Stdin], p.seed, ofStdin, lineSize))
		r.judgeGap(t, p, l, missing)
		r.judgeEnd(t, p, l)
	}
	r.judgeAccess(t, all)
}

// pieces is more than what anybody here sends.
const pieces = 64

// compare counts the bytes that the log does not have: delivered ones, and all. What is there
// must be made of what was sent, each piece once and in order.
func compare(t testing.TB, what string, delivered, logged []byte, seed, of uint64, size int) (missing lost) {
	t.Helper()
	sent, piece := endless(seed, of), make([]byte, size)
	for n := range pieces {
		io.ReadFull(sent, piece) // it never ends
		from, to := min(n*size, len(delivered)), min(n*size+size, len(delivered))
		if !bytes.HasPrefix(piece, delivered[from:to]) {
			t.Errorf("%s: what was delivered after byte %d is not what was sent", what, n*size)
		}
		switch {
		case bytes.HasPrefix(logged, piece):
			logged = logged[size:]
		case len(logged) > 0:
			missing.before = true
			missing.delivered += to - from
		default:
			missing.delivered += to - from
		}
	}
	if len(logged) > 0 {
		t.Errorf("%s: the log has %d bytes that were not sent, or not so: %.40q", what, len(logged), logged)
	}
	return missing
}

// lost is what a log does not have.
type lost struct {
	delivered int  // bytes that somebody has seen
	before    bool // something that comes before what it has
}

func (l lost) plus(m lost) lost { return lost{l.delivered + m.delivered, l.before || m.before} }

// judgeGap wants a gap where something is missing, which says how much, if it can.
func (r *trial) judgeGap(t testing.TB, p *person, l *log, missing lost) {
	t.Helper()
	gaps := oracle.Bodies[*event.Gap](l.Log)
	counted, known := uint64(0), true
	for _, g := range gaps {
		if known = known && g.Bytes != nil; known {
			counted += *g.Bytes
		}
	}
	switch n := missing.delivered; {
	case missing.before && len(gaps) == 0:
		t.Errorf("%s: something is missing from the middle of the log, which has no gap", p.name)
	case n == 0:
	case r.policy == record.Stop:
		t.Errorf("%s: %d bytes were delivered and are not in the log", p.name, n)
	case len(gaps) == 0 && !r.toldOfGap(r.house.id(p)):
		t.Errorf("%s: %d bytes were delivered and are not in the log, nor a gap, and the operator was not told", p.name, n)
	case len(gaps) == 0 && l.Verdict == binary.Complete:
		t.Errorf("%s: %d bytes are not in the log, which says that it is complete", p.name, n)
	case len(gaps) > 0 && known && counted < uint64(n):
		t.Errorf("%s: %d bytes are missing from the log, and its gaps say %d", p.name, n, counted)
	}
}

// toldOfGap reports whether the operator was told of a connection's gap.
func (r *trial) toldOfGap(id string) bool {
	for line := range strings.SplitSeq(r.house.said.String(), "\n") {
		if strings.Contains(line, "recording has a gap") && strings.Contains(line, id) {
			return true
		}
	}
	return false
}

// judgeEnd wants a log to say why its connection was ended, if the disk failed but once.
func (r *trial) judgeEnd(t testing.TB, p *person, l *log) {
	t.Helper()
	if p.err == nil || r.span != once || r.errno == 0 || r.policy == record.Continue {
		return
	}
	ends := oracle.Bodies[*event.Disconnect](l.Log)
	if !slices.ContainsFunc(ends, func(d *event.Disconnect) bool { return strings.Contains(d.Reason, r.errno.Error()) }) {
		var reasons []string
		for _, d := range ends {
			reasons = append(reasons, fmt.Sprintf("%s: %s", d.By, d.Reason))
		}
		t.Errorf("%s met %v, and the log ends with %q: want to know why", p.name, p.err, reasons)
	}
}

// judgeAccess wants everybody who has a log to be in the record of access.
func (r *trial) judgeAccess(t testing.TB, all map[string]*log) {
	t.Helper()
	known := map[string]bool{}
	for _, l := range all {
		if !l.isOwn() {
			continue
		}
		for _, ev := range l.Events {
			if _, ok := ev.Body.(*event.Connect); ok {
				known[string(ev.Conn)] = true
			}
		}
	}
	for id, l := range all {
		if !l.isOwn() && !known[id] && r.policy == record.Stop && r.errno != 0 {
			t.Errorf("connection %s was let in and is not in the record of access", id)
		}
	}
}
