package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"github.com/sshtrail/sshtrail/bench/load"
	"github.com/sshtrail/sshtrail/bench/logs"
	"github.com/sshtrail/sshtrail/replay"
)

// counted counts what is read.
type counted struct {
	io.ReaderAt
	n int64
}

// ReadAt implements io.ReaderAt.
func (c *counted) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, at)
	c.n += int64(n)
	return n, err
}

// The logs that are sought in: one is large, the other long.
const (
	largeLog = "large log"
	longLog  = "log of 10 hours"
)

// seek leaps to moments all over a log, each time with a player that knows nothing yet.
func (b *bench) seek() error {
	hours := 10 * time.Hour
	for _, k := range []struct {
		name    string
		happens func(*logs.Session) error
	}{
		{largeLog, logs.Pieces(screens(32<<20), b.plan.seekBytes*5/4, hours)},
		{longLog, logs.Keys(int(hours/(200*time.Millisecond)), load.Pace)},
	} {
		path, size, err := b.makeLog("seek", k.happens)
		if err != nil {
			return err
		}
		for round := range b.plan.rounds {
			if err := b.seekIn(sample{What: "seek " + k.name, Who: "replay", X: float64(size >> 20), Round: round}, path, size); err != nil {
				return fmt.Errorf("%s: %w", k.name, err)
			}
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) seekIn(s sample, path string, size int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := b.watchSelf()
	if err != nil {
		return err
	}
	r := &counted{ReaderAt: f}
	l, err := replay.Open(r, size, replay.Options{})
	if err != nil {
		return err
	}
	s.Values = map[metric]float64{openMs: float64(w.took().Microseconds()) / 1e3, openKiB: float64(r.n) / 1024}
	opened := r.n
	random := rand.New(rand.NewPCG(uint64(s.Round), 1))
	for i := range b.plan.seeks {
		r.n = 0
		begun := time.Now()
		player := replay.NewPlayer(l, l.Main())
		if err := player.Seek(time.Duration(random.Int64N(int64(l.Main().Length())))); err != nil {
			return err
		}
		s.Values[seekMs] = max(s.Values[seekMs], float64(time.Since(begun).Microseconds())/1e3)
		s.Values[seekKiB] = max(s.Values[seekKiB], float64(r.n)/1024)
		if i == 0 {
			s.Values[openSeekMs] = s.Values[openMs] + s.Values[seekMs]
			s.Values[openSeekKiB] = float64(opened+r.n) / 1024
		}
	}
	return b.add(w, s)
}
