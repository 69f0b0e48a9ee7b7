package binary

import (
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/flate"
)

// Compressor compresses for all the logs of a process. One deflate writer holds about
// a megabyte, so there are at most as many as may work at once, not one a session.
// Its methods may be called concurrently.
type Compressor struct {
	slots chan struct{} // a token for each call that is at work

	mu   sync.Mutex
	live int          // writers there are, at work or idle
	idle []idleWriter // the longest idle first
}

type idleWriter struct {
	level int
	w     *flate.Writer
}

// NewCompressor returns a Compressor that works on at most parallel blocks at once;
// further calls wait. It panics if parallel is below 1.
func NewCompressor(parallel int) *Compressor {
	if parallel < 1 {
		panic("binary: a compressor that may never work")
	}
	return &Compressor{slots: make(chan struct{}, parallel)}
}

// deflate appends plain, compressed.
func (c *Compressor) deflate(dst, plain []byte, level int) ([]byte, error) {
	c.slots <- struct{}{}
	defer func() { <-c.slots }()
	w, err := c.take(level)
	if err != nil {
		return dst, err
	}
	out := appender{dst}
	w.Reset(&out)
	if _, err = w.Write(plain); err == nil {
		err = w.Close()
	}
	w.Reset(nil) // lets go of out
	c.give(idleWriter{level, w})
	if err != nil {
		return dst, fmt.Errorf("compress block: %w", err)
	}
	return out.b, nil
}

// take returns a writer of that level. If there is none idle it makes one, in place
// of an idle one of another level when there are as many as may be.
func (c *Compressor) take(level int) (*flate.Writer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.idle) - 1; i >= 0; i-- {
		if it := c.idle[i]; it.level == level {
			c.idle = slices.Delete(c.idle, i, i+1)
			return it.w, nil
		}
	}
	w, err := flate.NewWriter(nil, level)
	if err != nil {
		return nil, fmt.Errorf("compress block at level %d: %w", level, err)
	}
	if c.live == cap(c.slots) && len(c.idle) > 0 {
		c.idle = slices.Delete(c.idle, 0, 1)
		c.live--
	}
	c.live++
	return w, nil
}

func (c *Compressor) give(it idleWriter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle = append(c.idle, it)
}

// appender is the end of a byte slice as an io.Writer.
type appender struct{ b []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.b = append(a.b, p...)
	return len(p), nil
}
