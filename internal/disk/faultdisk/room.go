package faultdisk

import (
	"io/fs"
	"syscall"

	"github.com/sshtrail/sshtrail/internal/disk"
)

// The room of a disk without a limit.
const (
	manyBytes = 1 << 50
	manyFiles = 1 << 30
)

// Limit gives the disk room for so many bytes in files, and so many files and folders:
// what does not fit fails with ENOSPC. What is there stays, also if it is more.
func (m *Memory) Limit(bytes, files int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.maxBytes, m.maxFiles = bytes, files
}

// Space tells the room that Limit gave, less what is used.
func (m *Memory) Space(name string) (disk.Space, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.find("statfs", name); err != nil {
		return disk.Space{}, err
	}
	bytes, files := m.used()
	return disk.Space{
		Free: uint64(max(m.maxBytes-bytes, 0)), Size: uint64(m.maxBytes),
		FreeFiles: uint64(max(m.maxFiles-files, 0)), Files: uint64(m.maxFiles),
	}, nil
}

// used counts what has a name. The caller holds m.mu.
func (m *Memory) used() (bytes, files int64) {
	var count func(n *node)
	count = func(n *node) {
		bytes += int64(len(n.data))
		files++
		for _, child := range n.names {
			count(child)
		}
	}
	count(m.root)
	return bytes, files
}

// fits returns how many of n bytes there is room for, and ENOSPC if that is not all. The
// caller holds m.mu.
func (m *Memory) fits(n int) (int, error) {
	if m.maxBytes == manyBytes {
		return n, nil
	}
	bytes, _ := m.used()
	if room := max(m.maxBytes-bytes, 0); int64(n) > room {
		return int(room), syscall.ENOSPC
	}
	return n, nil
}

// fitsFile returns ENOSPC if there is no room for another file. The caller holds m.mu.
func (m *Memory) fitsFile(op, name string) error {
	if m.maxFiles == manyFiles {
		return nil
	}
	if _, files := m.used(); files >= m.maxFiles {
		return &fs.PathError{Op: op, Path: name, Err: syscall.ENOSPC}
	}
	return nil
}
