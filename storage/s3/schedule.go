package s3

import (
	"fmt"

	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// growth is after how many parts their size doubles, until they are as large as parts may
// be. From 5 MiB on, 10,000 parts are then enough for the 5 TiB that an object may have, and what a session
// of 100 GiB needs on this machine for one part is 80 MiB.
const growth = 900

// schedule is how a log is cut into parts: where each of them lies follows from its
// number. It starts at base, which is 0 but for a log whose beginning was lost.
type schedule struct{ base, first int64 }

func (c schedule) sizeOf(number int) int64 {
	size := c.first
	for range (number - 1) / growth {
		if size *= 2; size >= bucket.MaxPart {
			return max(bucket.MaxPart, c.first)
		}
	}
	return size
}

// start is where a part begins, and where the one before it ends.
func (c schedule) start(number int) int64 {
	at, n := c.base, 1
	for ; n+growth <= number; n += growth {
		at += growth * c.sizeOf(n)
	}
	return at + int64(number-n)*c.sizeOf(n)
}

// before returns how many parts lie wholly before an offset.
func (c schedule) before(offset int64) int {
	at, n := c.base, 0
	for {
		size := c.sizeOf(n + 1)
		if fit := (offset - at) / size; offset < at || fit < growth {
			return n + int(max(fit, 0))
		}
		at, n = at+growth*size, n+growth
	}
}

// errTooLarge says that a log is larger than the store's objects can be.
func errTooLarge(size int64) error {
	return fmt.Errorf("a log of %d bytes does not fit into %d parts of this size: set uploadPartSize higher for logs to come", size, bucket.MaxParts)
}
