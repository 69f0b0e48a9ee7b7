package disk

import (
	"errors"

	"golang.org/x/sys/unix"
)

// punch calls fallocate(2), which tells with EOPNOTSUPP that the file system makes no holes.
func punch(fd int, offset, size int64) error {
	err := unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, offset, size)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return errors.ErrUnsupported
	}
	return err
}
