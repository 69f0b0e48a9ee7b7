//go:build linux

package local

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// family is all that belongs to a program, as the package comment says.
type family struct {
	leader int    // the program's process id, also of its group and session
	born   uint64 // when, in clock ticks since boot
	mark   string // in the environment: NAME=value
	census *census
}

// stat is what we need of /proc/PID/stat, proc(5).
type stat struct {
	pid, parent, group, session int
	born                        uint64
	dead                        bool     // a zombie
	marks                       []string // not by readStat
}

func readStat(pid int) (stat, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, err
	}
	// The name in brackets may have brackets and spaces in it: the last one counts.
	_, rest, ok := strings.Cut(string(b[max(0, bytes.LastIndexByte(b, ')')):]), " ")
	field := strings.Fields(rest)
	if !ok || len(field) < 20 {
		return stat{}, fmt.Errorf("read /proc/%d/stat: malformed", pid)
	}
	s := stat{pid: pid, dead: strings.Contains("ZXx", field[0])}
	for i, to := range []*int{&s.parent, &s.group, &s.session} {
		if *to, err = strconv.Atoi(field[1+i]); err != nil {
			return stat{}, fmt.Errorf("read /proc/%d/stat: %w", pid, err)
		}
	}
	if s.born, err = strconv.ParseUint(field[19], 10, 64); err != nil {
		return stat{}, fmt.Errorf("read /proc/%d/stat: %w", pid, err)
	}
	return s, nil
}

// members are those of the family that live, those in known too: who was a member stays
// one when its ancestors end. It adds to known.
func (f family) members(known map[int]uint64) ([]stat, error) {
	all, err := f.census.take(f.born)
	if err != nil {
		return nil, err
	}
	var members []stat
	in := make(map[int]bool)
	add := func(pids ...int) {
		for _, pid := range pids {
			if s := all.byPID[pid]; s.born >= f.born && !in[pid] { // one that is not there was born at 0
				in[pid] = true
				members = append(members, s)
			}
		}
	}
	for pid, born := range known {
		if all.byPID[pid].born == born {
			add(pid)
		}
	}
	add(all.session[f.leader]...)
	add(all.group[f.leader]...)
	add(all.mark[f.mark]...)
	for i := 0; i < len(members); i++ { // their children, and theirs
		add(all.parent[members[i].pid]...)
	}
	for _, s := range members {
		known[s.pid] = s.born
	}
	return members, nil
}

const (
	firstLook = 2 * time.Millisecond // most end at once
	lastLook  = 50 * time.Millisecond
	// killTime is for those that start others while we kill them, and for the kernel,
	// which may have to write a core or wait for a disk first.
	killTime = 10 * time.Second
)

// end ends the family: first with the signal of a lost line, and after the grace without
// asking. It returns when none is left, or says who is. hangUp is called once it is known
// who there is, since what ends then may leave children that nothing else tells apart.
func (f family) end(grace time.Duration, hangUp func()) error {
	known := make(map[int]uint64)
	members, err := f.members(known)
	hangUp()
	signalAll(members, unix.SIGHUP, unix.SIGCONT) // who is stopped can't hear
	begun, pause := time.Now(), firstLook
	for err == nil && len(members) > 0 {
		passed := time.Since(begun)
		if passed >= grace+killTime {
			return f.survivors(members)
		}
		if passed >= grace {
			signalAll(members, unix.SIGKILL)
		}
		time.Sleep(pause)
		pause = min(2*pause, lastLook)
		members, err = f.members(known)
	}
	return err
}

func (f family) survivors(members []stat) error {
	pids := make([]string, 0, len(members))
	for _, s := range members {
		pids = append(pids, strconv.Itoa(s.pid))
	}
	return fmt.Errorf("end program: processes %s still run; end them by hand", strings.Join(pids, ", "))
}

// signalAll signals processes, and never another one that has got the number of one that
// ended since: the pidfd is of one process, and we look again who that is.
func signalAll(processes []stat, signals ...unix.Signal) {
	for _, s := range processes {
		fd, err := unix.PidfdOpen(s.pid, 0)
		if err != nil {
			continue // it has ended, or end finds it again
		}
		if now, err := readStat(s.pid); err == nil && now.born == s.born {
			for _, sig := range signals {
				_ = unix.PidfdSendSignal(fd, sig, nil, 0) // who may not be signalled is a survivor
			}
		}
		_ = unix.Close(fd)
	}
}
