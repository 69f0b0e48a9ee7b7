package asciicast

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"
)

// maxCounted is how much of a cast of version 3 is read for its length: its times are
// since the line before, so that no line tells it.
const maxCounted = 16 << 20

// Length returns the time of the last whole line of a cast, of version 2 from its end alone. ok is
// false if the cast is of version 3 and so large that it is not worth the reading.
func Length(r io.ReaderAt, size int64) (length time.Duration, ok bool, err error) {
	c, err := NewReader(io.NewSectionReader(r, 0, size))
	if err != nil {
		return 0, false, err
	}
	if c.Header().Version == V2 {
		length, err = c.lastTime(r, size)
		return length, err == nil, err
	}
	if size > maxCounted {
		return 0, false, nil
	}
	for {
		e, err := c.Next()
		if err != nil { // what is cut counts up to where it is whole
			return length, true, nil
		}
		length = e.Time
	}
}

// lastTime finds the last line of version 2 that is whole.
func (r *Reader) lastTime(from io.ReaderAt, size int64) (time.Duration, error) {
	for _, most := range []int64{4 << 10, 2 * MaxLine} {
		tail := make([]byte, min(size, most))
		if _, err := from.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("read the end of a cast: %w", err)
		}
		for i := bytes.LastIndexByte(tail, '\n'); i > 0; {
			before := bytes.LastIndexByte(tail[:i], '\n')
			if before >= 0 || int64(len(tail)) == size {
				if e, known, err := r.entry(tail[before+1 : i]); err == nil && known {
					return e.Time, nil
				}
			}
			i = before
		}
	}
	return 0, nil // it has a header alone
}
