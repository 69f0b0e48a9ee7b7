package main

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/replay"
)

const (
	playLeap  = 5 * time.Second
	playLook  = 50 * time.Millisecond  // how long at most until signals are looked at
	playPoll  = 250 * time.Millisecond // between looks at a log that is written
	playSlice = 512 << 10              // bytes of output that are worked on without a look at keys
	playLate  = time.Second            // who is so late does not hurry
)

// playback is the state of a player: where it is, and how fast it goes.
type playback struct {
	log    *replay.Log
	ch     *replay.Channel
	player *replay.Player
	src    *growing
	pace   replay.Pace
	now    func() time.Time

	wall      time.Time     // when the last frame was shown, or would have been
	held      time.Duration // while it is paused: how long before that was
	paused    bool
	searching bool // for the next mark
	ended     bool // nothing follows, at least now
	follow    bool
	live      bool      // at the end of a log that is followed: what comes is shown at once
	looked    time.Time // at the log, for what was written to it
	gap       string    // why something is missing here
	out       io.Writer // with --raw
}

func newPlayback(log *replay.Log, ch *replay.Channel, f *playFlags, src *growing) *playback {
	return &playback{
		log: log, ch: ch, player: replay.NewPlayer(log, ch), src: src, now: time.Now,
		pace:   replay.Pace{Speed: f.speed, Idle: f.idle},
		follow: f.follow && src.open,
	}
}

// begin goes to where it was asked for: who follows a log begins at its end.
func (b *playback) begin(from time.Duration) error {
	b.wall = b.now()
	if from < 0 && !b.follow {
		return nil
	}
	if from < 0 {
		from, b.live = b.ch.Length(), true
	}
	return b.player.Seek(from)
}

// position is the time of the recording.
func (b *playback) position() time.Duration {
	at := b.player.At()
	f, err := b.player.Next()
	if err != nil || b.live {
		return at
	}
	return at + b.pace.Passed(f.At-at, b.waited())
}

func (b *playback) waited() time.Duration {
	if b.paused {
		return b.held
	}
	return b.now().Sub(b.wall)
}

// advance shows what is due, and returns how long it is until something else will be.
func (b *playback) advance() (time.Duration, error) {
	if !b.player.Exact() {
		if _, err := b.player.Work(playSlice); err != nil {
			return 0, err
		}
		if b.player.Seeking() {
			b.wall = b.now()
			return 0, nil
		}
	}
	wait, err := b.steps()
	if !b.player.Exact() {
		wait = 0
	}
	return wait, err
}

// steps shows what is due, but not more than a slice.
func (b *playback) steps() (time.Duration, error) {
	if b.paused && !b.searching {
		return playLook, nil
	}
	for budget := playSlice; budget > 0; {
		f, err := b.player.Next()
		if errors.Is(err, io.EOF) {
			b.searching = false
			return playLook, b.atEnd()
		}
		if err != nil {
			return 0, err
		}
		b.ended = false
		if !b.searching && !b.live {
			now, wait := b.now(), b.pace.Wait(f.At-b.player.At())
			if left := wait - now.Sub(b.wall); left > 0 {
				return left, nil
			}
			if b.wall = b.wall.Add(wait); now.Sub(b.wall) > playLate {
				b.wall = now
			}
		}
		mark, err := b.step()
		if err != nil {
			return 0, err
		}
		budget -= len(f.Data) + 256
		if b.searching && mark {
			b.searching = false
			b.wall, b.held = b.now(), 0
			return 0, nil
		}
	}
	return 0, nil
}

// step shows the next frame.
func (b *playback) step() (mark bool, err error) {
	f, mark, err := b.player.Step()
	if err != nil {
		return false, err
	}
	if f.Kind == replay.Gap {
		b.gap = f.Text
	}
	if b.out != nil && f.Kind == replay.Output {
		_, err = b.out.Write(f.Data)
	}
	return mark, err
}

// atEnd looks whether there is more of a log that is written.
func (b *playback) atEnd() error {
	now := b.now()
	b.ended, b.wall, b.held = true, now, 0
	if !b.follow || now.Sub(b.looked) < playPoll {
		return nil
	}
	b.looked, b.live = now, true
	b.follow = b.src.refresh()
	return nil
}

// seek goes to a time of the recording.
func (b *playback) seek(to time.Duration) error {
	b.searching, b.ended, b.live, b.gap = false, false, false, ""
	b.wall, b.held = b.now(), 0
	return b.player.Seek(to)
}

// press does what a key is for. The error io.EOF says that it is to quit.
func (b *playback) press(k playKey) error {
	switch k {
	case keyQuit:
		return io.EOF
	case keyPause:
		b.pause(!b.paused)
	case keyFaster:
		b.setSpeed(b.pace.Speed * 2)
	case keySlower:
		b.setSpeed(b.pace.Speed / 2)
	case keyStep:
		b.pause(true)
		return b.stepOutput()
	}
	if b.out != nil {
		return nil // what is on a terminal can't be taken back
	}
	switch k {
	case keyBack:
		return b.seek(b.position() - playLeap)
	case keyForward:
		return b.seek(b.position() + playLeap)
	case keyNext:
		b.searching = true
	case keyPrevious:
		before := b.position()
		if !b.paused {
			before -= time.Second // who plays has gone on a bit since the last mark
		}
		mark, _ := b.player.Before(before)
		return b.seek(mark.At)
	}
	return nil
}

func (b *playback) pause(yes bool) {
	if yes == b.paused {
		return
	}
	if b.searching = false; yes {
		b.held = b.waited()
	} else {
		b.wall = b.now().Add(-b.held)
		b.live = b.live && b.ended
	}
	b.paused = yes
}

// setSpeed changes the speed and stays at the same position.
func (b *playback) setSpeed(to float64) {
	to = max(minSpeed, min(to, maxSpeed))
	waited := time.Duration(float64(b.waited()) * b.pace.Speed / to)
	b.pace.Speed = to
	b.wall, b.held = b.now().Add(-waited), waited
}

// stepOutput shows what comes next, up to something that can be seen.
func (b *playback) stepOutput() error {
	for {
		f, err := b.player.Next()
		if errors.Is(err, io.EOF) {
			return b.atEnd()
		}
		if err != nil {
			return err
		}
		b.held = 0
		seen := f.Kind == replay.Output || f.Kind == replay.Resize
		if _, err := b.step(); err != nil || seen {
			return err
		}
	}
}

// run plays until somebody quits. What ended it is restored by the caller.
func (b *playback) run(t *playTerminal, stage *playStage) error {
	defer t.leave()
	if err := t.enter(); err != nil {
		return err
	}
	stage.resize(t.size())
	return b.loop(t, stage.resize, func() error { return stage.draw(t, b) })
}

// runRaw plays without a screen of its own, to the end or until somebody quits.
func (b *playback) runRaw(t *playTerminal) error {
	defer t.leave()
	t.raw, b.out = true, t
	if err := t.enter(); err != nil {
		return err
	}
	return b.loop(t, func(int, int) {}, func() error {
		if b.ended {
			return io.EOF
		}
		return nil
	})
}

// loop takes turns: what is due, what is to be seen, keys, signals.
func (b *playback) loop(t *playTerminal, resized func(columns, rows int), draw func() error) error {
	var keys playKeys
	var typed [64]byte
	for {
		wait, err := b.advance()
		if err == nil {
			err = draw()
		}
		n := 0
		if err == nil {
			n, err = t.read(typed[:], min(wait, playLook))
		}
		if err == nil && n == 0 {
			keys.quiet()
		}
		for i := 0; i < n && err == nil; i++ {
			if k := keys.next(typed[i]); k == keySuspend {
				err = b.suspend(t, resized)
			} else {
				err = b.press(k)
			}
		}
		if err == nil {
			err = b.heed(t, resized)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// heed does what signals ask for.
func (b *playback) heed(t *playTerminal, resized func(columns, rows int)) error {
	if t.ended = t.endAsked(); t.ended != nil {
		return errPlayStopped
	}
	for range len(t.signals) {
		var err error
		switch <-t.signals {
		case unix.SIGTSTP:
			err = b.suspend(t, resized)
		case unix.SIGCONT:
			err = t.again()
			resized(t.size())
		case unix.SIGWINCH:
			resized(t.size())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// suspend stops this process; the recording stands still meanwhile.
func (b *playback) suspend(t *playTerminal, resized func(columns, rows int)) error {
	waited := b.waited()
	err := t.suspend()
	b.wall = b.now().Add(-waited)
	resized(t.size())
	return err
}

func signalNumber(s os.Signal) int {
	n, _ := s.(syscall.Signal)
	return int(n)
}
