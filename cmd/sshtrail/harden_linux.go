package main

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// hardened is a process whose memory, with keys and passwords in it, nobody else sees.
type hardened struct {
	mu   sync.Mutex // one program is started at a time
	core unix.Rlimit
}

// noCore is the soft limit with which no core is written. It is not 0: where cores go
// into a pipe, to systemd-coredump say, the kernel looks at no limit but this one, which
// it has for crashes of who reads the pipe (core(5) has the rule, fs/coredump.c the exception).
const noCore = 1

// harden keeps this process's memory to itself: no core is written should it crash, and
// nobody but root may trace it or read /proc/PID/mem (prctl(2), PR_SET_DUMPABLE).
func harden() (*hardened, error) {
	h := &hardened{}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("keep memory from other processes: %w", err)
	}
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &h.core); err != nil {
		return nil, fmt.Errorf("read limit of cores: %w", err)
	}
	if err := h.limit(min(noCore, h.core.Max)); err != nil {
		return nil, err
	}
	return h, nil
}

func (h *hardened) limit(soft uint64) error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: soft, Max: h.core.Max}); err != nil {
		return fmt.Errorf("limit cores to %d bytes: %w", soft, err)
	}
	return nil
}

// asBefore calls start, which starts a program, with the limit that this process was
// started with: programs inherit it, and a user's may leave cores. Whether a process is
// dumpable is not inherited by another program.
func (h *hardened) asBefore(start func() error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.limit(h.core.Cur); err != nil {
		return err
	}
	err := start()
	return errors.Join(err, h.limit(min(noCore, h.core.Max)))
}
