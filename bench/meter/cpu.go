package meter

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// CPU returns how much time on a CPU a process has had, in its own code and in the
// kernel, to the nanosecond. What its children had is not in it.
func CPU(pid int) (time.Duration, error) {
	// clock_getcpuclockid(3): the clock of a process is ~pid, and 2 below for all of
	// its threads by the scheduler's account. /proc/PID/stat has only hundredths of a second.
	clock := int32(^pid)<<3 | 2
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		return 0, fmt.Errorf("read the CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}
