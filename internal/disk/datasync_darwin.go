package disk

import "golang.org/x/sys/unix"

// datasync asks the drive itself to write; fsync(2) on Darwin stops at the drive's cache.
func datasync(fd int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_FULLFSYNC, 0)
	return err
}
