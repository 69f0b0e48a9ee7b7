package meter

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// Memory is what a process holds, in bytes.
type Memory struct {
	RSS int64 // resident
	// PSS is the same, with what others share divided among them; 0 where this user may
	// not see it, of a process that is not dumpable.
	PSS int64
}

// MemoryOf returns the memory of a process.
func MemoryOf(pid int) (Memory, error) {
	rss, err := field(fmt.Sprintf("/proc/%d/status", pid), "VmRSS:")
	if err != nil {
		return Memory{}, err
	}
	pss, err := field(fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Pss:")
	if errors.Is(err, fs.ErrPermission) {
		return Memory{RSS: rss}, nil
	}
	return Memory{RSS: rss, PSS: pss}, err
}

// field returns a number of kB of proc(5), in bytes.
func field(file, name string) (int64, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, fmt.Errorf("read memory of a process: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), name); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return n << 10, err
		}
	}
	if err := lines.Err(); err != nil {
		return 0, fmt.Errorf("read memory of a process: %w", err)
	}
	return 0, fmt.Errorf("%s has no %s", file, name)
}
