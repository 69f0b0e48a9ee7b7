package meter

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc: USER_HZ is 100 on every Linux (proc(5)).
const tick = time.Second / 100

// Others watches what the rest of the machine does while something is measured.
type Others struct {
	root  int // a process that, with its descendants, is not the rest
	begun time.Time
	busy  time.Duration
	mine  time.Duration
}

// Watch begins to watch all but a process and its descendants.
func Watch(root int) (*Others, error) {
	o := &Others{root: root, begun: time.Now()}
	var err error
	o.busy, o.mine, err = o.read()
	return o, err
}

// Share returns how much of all CPUs together others have used since Watch, from 0 to 1,
// with what the hypervisor gave to other machines.
func (o *Others) Share() (float64, error) {
	busy, mine, err := o.read()
	if err != nil {
		return 0, err
	}
	all := time.Since(o.begun) * time.Duration(runtime.NumCPU())
	return max(0, float64((busy-o.busy)-(mine-o.mine))/float64(all)), nil
}

func (o *Others) read() (busy, mine time.Duration, err error) {
	if busy, err = busyTime(); err == nil {
		// Writing back what was written is work of the kernel's own threads, for us mostly.
		mine, err = treeTime(o.root, kthreadd)
	}
	return busy, mine, err
}

// kthreadd is the parent of the kernel's threads.
const kthreadd = 2

// busyTime is how long the machine's CPUs were used by processes, and by other machines:
// user, nice, system and steal in the first line of /proc/stat. Interrupts are left out: whose
// they are is not known, and user already has guest.
func busyTime() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("read the machine's load: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	var sum time.Duration
	for i, f := range strings.Fields(first) {
		switch i {
		case 1, 2, 3, 8:
			n, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("read the machine's load: %w", err)
			}
			sum += time.Duration(n) * tick
		}
	}
	return sum, nil
}

// Tree returns how much CPU a process and its descendants have used, also those that
// ended meanwhile, to a hundredth of a second.
func Tree(root int) (time.Duration, error) { return treeTime(root) }

func treeTime(roots ...int) (time.Duration, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	parent, used := map[int]int{}, map[int]time.Duration{}
	for _, file := range files {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended, and its parent has its time
		}
		if parent[pid], used[pid], err = parseStat(text); err != nil {
			return 0, fmt.Errorf("read %s: %w", file, err)
		}
	}
	var sum time.Duration
	for pid, d := range used {
		for p := pid; p > 0; p = parent[p] {
			if slices.Contains(roots, p) {
				sum += d
				break
			}
		}
	}
	return sum, nil
}

// parseStat takes the parent and the times of a process, and of its children that it has
// waited for, from /proc/PID/stat. A program's name may have spaces and parentheses.
func parseStat(text []byte) (parent int, used time.Duration, err error) {
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 15 {
		return 0, 0, fmt.Errorf("%d fields", len(fields))
	}
	parent, err = strconv.Atoi(fields[1])
	for _, f := range fields[11:15] { // utime, stime, cutime, cstime
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, 0, err
		}
		used += time.Duration(n) * tick
	}
	return parent, used, err
}

// Load returns the machine's load average of the last minute.
func Load() (float64, error) {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, fmt.Errorf("read the machine's load: %w", err)
	}
	first, _, _ := strings.Cut(string(text), " ")
	return strconv.ParseFloat(first, 64)
}
