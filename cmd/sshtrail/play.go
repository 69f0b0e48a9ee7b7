package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/replay"
)

// playFlags are what play was asked for.
type playFlags struct {
	speed   float64
	idle    time.Duration
	from    string
	channel string
	follow  bool
	raw     bool
}

const (
	minSpeed = 0.1
	maxSpeed = 1000
)

func (a *app) play() *cobra.Command {
	var f playFlags
	c := &cobra.Command{
		Use:   "play LOG",
		Short: "Replay a session in the terminal",
		Long: `Show what was on the terminal of a session, as it went on. Keys:

  space      pause, and go on
  ← →        5 seconds back, forward
  [ ]        to the previous, the next program or prompt
  + -        faster, slower
  .          pause, and show the next output
  q, Ctrl-C  quit; Ctrl-Z suspends

The last line says where the recording is; the time is that of the recording, which goes by
faster where nothing happened for longer than --idle-limit. ≈ there says that after a far
leap something of the screen may be missing, until the log was read up to there. A recording
that is larger than this terminal is shown in part.

A prompt is where Enter was pressed, if what was typed is recorded; if not it is guessed from
what was printed.

What the session wrote is shown by a terminal inside of play: none of it can act on this
one. With --raw it is sent as it is, at your own risk: it may set the title, read and write
the clipboard, and answer in your name. Then there is no last line, and no leaping.

Without --channel it is the first session with a terminal; '--channel list' lists them. A log
that is still written is played up to now, with --follow from now on. Each block is
checked when it is read, the whole log is not: verify does that. The exit status is 4 if
the log turned out to be tampered with, 3 if it is truncated.

A cast (asciinema's format, versions 2 and 3, whoever wrote it) is played the same way; its
markers are the programs.
` + logHelp,
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completeLog,
		RunE: func(c *cobra.Command, args []string) error {
			return a.runPlay(c.Context(), args[0], &f)
		},
	}
	a.configFlag(c)
	c.Flags().Float64Var(&f.speed, "speed", 1, "how many times as fast as it was")
	c.Flags().DurationVar(&f.idle, "idle-limit", 2*time.Second, "a longer time without anything takes only as long; 0: as long as it was")
	c.Flags().StringVar(&f.from, "from", "", "begin at this `TIME` of the channel, as 1m30s, or 2006-01-02T15:04:05Z")
	c.Flags().StringVar(&f.channel, "channel", "", "`NUMBER` of the channel, or list")
	c.Flags().BoolVar(&f.follow, "follow", false, "show what is written to an open log, as it comes")
	c.Flags().BoolVar(&f.raw, "raw", false, "send what the session wrote to this terminal as it is")
	return c
}

func (f *playFlags) validate() error {
	switch {
	case !(f.speed >= minSpeed && f.speed <= maxSpeed):
		return usageError{fmt.Errorf("--speed %v: give %v to %v", f.speed, minSpeed, maxSpeed)}
	case f.idle < 0:
		return usageError{fmt.Errorf("--idle-limit %v: give a duration, or 0 for none", f.idle)}
	case f.follow && f.raw:
		return usageError{errors.New("--follow and --raw do not go together: a terminal needs what was before")}
	}
	return nil
}

func (a *app) runPlay(ctx context.Context, arg string, f *playFlags) error {
	frugal()
	if err := f.validate(); err != nil {
		return err
	}
	src, err := a.openGrowing(ctx, arg)
	if err != nil {
		return err
	}
	defer src.Close()
	if src.isCast() {
		if err := src.fromCast(f); err != nil {
			return failedOn(src.source, err)
		}
	}
	log, err := a.openReplay(src)
	if err != nil {
		return failedOn(src.source, err)
	}
	if f.channel == "list" {
		return a.listChannels(log)
	}
	ch, err := f.choose(log)
	if err != nil {
		return failedOn(src.source, err)
	}
	from, err := f.start(ch)
	if err != nil {
		return err
	}
	tty, err := a.openPlayTerminal()
	if err != nil {
		return err
	}
	defer tty.close()
	b := newPlayback(log, ch, f, src)
	if err := b.begin(from); err != nil {
		return failedOn(src.source, err)
	}
	if f.raw {
		err = b.runRaw(tty)
	} else {
		err = b.run(tty, newPlayStage(log, ch))
	}
	tty.close()
	return a.playEnded(src, log, tty, err)
}

// playEnded says how it ended, when the terminal is as it was.
func (a *app) playEnded(src *growing, log *replay.Log, tty *playTerminal, err error) error {
	if tty.ended != nil {
		return exit(128 + signalNumber(tty.ended))
	}
	if err != nil {
		return failedOn(src.source, err)
	}
	switch fault := log.Fault; {
	case src.broken != nil:
		return failedOn(src.source, fmt.Errorf("the cast was played up to where it makes sense: %w", src.broken))
	case fault != nil && fault.Verdict != binary.Truncated:
		fmt.Fprintf(a.err, "sshtrail: %s: %s\n", word(src.name), harmless(fault.Error()))
		return status(fault.Verdict)
	case !log.Ended && !src.wasOpen:
		fmt.Fprintf(a.err, "sshtrail: %s: the log has no end: it was cut, or its gateway crashed ('sshtrail verify' tells)\n", word(src.name))
		return status(binary.Truncated)
	}
	return nil
}

// openReplay finds the channels of a log.
func (a *app) openReplay(src *growing) (*replay.Log, error) {
	bar := newProgress(a.err)
	bar.begin(word(src.name), src.size)
	defer bar.end()
	log, err := replay.Open(src, src.size, replay.Options{
		More:     src.more,
		Sparing:  src.far,
		Progress: func(offset int64) error { bar.done(offset); return nil },
	})
	if err == nil && len(log.Channels) == 0 {
		err = errors.New("no session is in it that could be played: 'sshtrail show' tells what is")
	}
	return log, err
}

// choose returns the channel that is to be played.
func (f *playFlags) choose(log *replay.Log) (*replay.Channel, error) {
	if f.channel == "" {
		return log.Main(), nil
	}
	n, err := strconv.ParseUint(f.channel, 10, 64)
	if c := log.Channel(n); err == nil && c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("no channel %s can be played; there are\n%s", word(f.channel), channelList(log))
}

func (a *app) listChannels(log *replay.Log) error {
	_, err := fmt.Fprintln(a.out, channelList(log))
	if err != nil {
		return writing(err)
	}
	return nil
}

// channelList is a line for each channel.
func channelList(log *replay.Log) string {
	var lines []string
	for _, c := range log.Channels {
		what := "(" + c.Runs + ")"
		if c.Program != "" {
			what = brief(c.Program, maxText)
		} else if c.Runs == "" {
			what = "(nothing)"
		}
		if c.Terminal {
			what += ", with a terminal"
		}
		lines = append(lines, fmt.Sprintf("%4d  %s  %-8s  %s", c.Number, utc(c.Start), lasting(int64(c.Length())), what))
	}
	if log.Omitted > 0 {
		lines = append(lines, fmt.Sprintf("(and %d more, which are not listed)", log.Omitted))
	}
	return strings.Join(lines, "\n")
}

// start returns where in the channel to begin, -1 if that was not said.
func (f *playFlags) start(c *replay.Channel) (time.Duration, error) {
	if f.from == "" {
		return -1, nil
	}
	if f.raw {
		return 0, usageError{errors.New("--from and --raw do not go together: a terminal needs what was before")}
	}
	d, err := time.ParseDuration(f.from)
	if err != nil {
		at, timeErr := time.Parse(time.RFC3339, f.from)
		if timeErr != nil {
			return 0, usageError{fmt.Errorf("--from %s: give a duration, as 1m30s, or a time, as %s", word(f.from), utc(c.Start))}
		}
		d = at.Sub(time.Unix(0, c.Start))
	}
	if d < 0 || d > c.Length() {
		return 0, usageError{fmt.Errorf("--from %s: the channel is from %s on, for %s", word(f.from), utc(c.Start), lasting(int64(c.Length())))}
	}
	return d, nil
}

// growing is a log that may be written while it is read.
type growing struct {
	*source
	wasOpen bool
	reopen  func() (*source, error)
	broken  error // of a cast
}

// fromCast makes a log of a cast.
func (g *growing) fromCast(f *playFlags) error {
	if f.follow {
		return usageError{errors.New("--follow is for logs: a cast is played up to where it is now")}
	}
	log, broken, err := logOfCast(g.source)
	if err != nil {
		return err
	}
	g.source.Close()
	g.source, g.broken, g.wasOpen = log, broken, false
	return nil
}

func (a *app) openGrowing(ctx context.Context, arg string) (*growing, error) {
	lib := a.library()
	src, err := lib.open(ctx, arg)
	if err != nil {
		return nil, err
	}
	if src.at == nil {
		src.Close()
		return nil, fmt.Errorf("%s can be read only once, and play goes back and forth: write it to a file, and play that", word(src.name))
	}
	return &growing{source: src, wasOpen: src.open, reopen: func() (*source, error) { return lib.open(ctx, arg) }}, nil
}

// ReadAt implements io.ReaderAt for all there is now, as far as refresh knows.
func (g *growing) ReadAt(p []byte, at int64) (int, error) { return g.at.ReadAt(p, at) }

// refresh looks at what was written meanwhile, and reports whether there may be more later.
func (g *growing) refresh() bool {
	if !g.open {
		return false
	}
	if src, err := g.reopen(); err == nil && src.at != nil {
		g.source.Close()
		g.source = src
	} else if err == nil {
		src.Close()
	}
	return true
}

// more is what is in no block yet.
func (g *growing) more(first uint64, each func(*binary.Message) error) error {
	if !g.open {
		return nil
	}
	err := g.readJournal(first, each)
	if errors.Is(err, record.ErrMoved) {
		return nil // the next look sees it
	}
	return err
}

// times is a speed for people.
func times(speed float64) string {
	return "×" + strconv.FormatFloat(math.Round(speed*100)/100, 'f', -1, 64)
}
