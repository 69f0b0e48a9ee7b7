package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/sshtrail/sshtrail/codec/asciicast"
	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

// exportCasts writes a cast of one channel, or in a folder one of each.
func (a *app) exportCasts(ctx context.Context, src *source, o *exportOptions, to *outputs) error {
	if err := src.spool(); err != nil {
		return err
	}
	x := &casts{src: src, to: to, bar: a.exportBar(to), channel: o.channel, account: newAccount(src.name)}
	tail, err := binary.ReadTail(src.at, src.size)
	if err == nil {
		x.target = tail.Summary.Target
	}
	if x.channel == nil && to.folder == "" && (err != nil || len(tail.Summary.Channels) != 1 || tail.Summary.ChannelsOmitted > 0) {
		if err := x.choose(ctx); err != nil {
			return err
		}
	}
	x.screen = to.standard() && isTerminal(a.out)
	how, err := x.write(ctx, o)
	if err != nil {
		return failedOn(src, err)
	}
	return a.endCasts(x, how)
}

// endCasts gives the files their names, and says what is not in them.
func (a *app) endCasts(x *casts, how reading) error {
	if err := x.to.finish(); err != nil {
		return err
	}
	tell := func(n uint64, what string) {
		if n > 0 {
			fmt.Fprintf(a.err, "sshtrail: %s: %s\n", word(x.src.name), what)
		}
	}
	tell(x.stats.Replaced, counted(x.stats.Replaced, "byte")+" of no UTF-8 became U+FFFD: decode has them as they were")
	tell(x.stats.Omitted, counted(x.stats.Omitted, "channel")+" left out: name each with --channel N")
	if how.fault != nil {
		return a.tellFault(x.src, how.fault)
	}
	if x.stats.Casts == 0 {
		return x.none()
	}
	return nil
}

// casts makes casts of a log.
type casts struct {
	src     *source
	to      *outputs
	bar     *progress
	channel *uint64 // nil: all of them
	target  *string
	screen  bool // the output is a terminal
	account *account
	conn    event.ConnID
	stats   asciicast.Stats
}

// read reads the log from its beginning, to the account and to each.
func (x *casts) read(ctx context.Context, each func(*event.Event) error) (reading, error) {
	x.bar.begin(word(x.src.name), x.src.size)
	defer x.bar.end()
	x.account = newAccount(x.src.name)
	r := io.NewSectionReader(x.src.at, 0, x.src.size)
	how, err := x.src.readAll(ctx, x.bar.watch(r), func(m *binary.Message) error {
		ev := eventOf(m)
		x.account.observe(&ev)
		return each(&ev)
	})
	if err == nil {
		x.account.finish(how)
	}
	return how, err
}

// choose finds the one channel that there is a cast of.
func (x *casts) choose(ctx context.Context) error {
	if _, err := x.read(ctx, func(*event.Event) error { return nil }); err != nil {
		return failedOn(x.src, err)
	}
	list := x.list()
	switch {
	case len(list) == 1:
		x.channel = &list[0].ChannelID
	case len(list) > 1:
		return fmt.Errorf("%s: %d sessions were recorded: name one with --channel N, or a folder for all of them with -o FOLDER%c%s",
			word(x.src.name), len(list), os.PathSeparator, x.table(list))
	}
	return nil
}

// list returns the channels that there may be casts of.
func (x *casts) list() []*channelAccount {
	var list []*channelAccount
	for _, c := range x.account.Channels {
		if c.ChannelType == "session" && c.Stdin+c.Stdout+c.Stderr > 0 {
			list = append(list, c)
		}
	}
	return list
}

// maxTabled is how many channels an error lists.
const maxTabled = 40

// table is a list of channels for an error: number, program, duration.
func (x *casts) table(list []*channelAccount) string {
	var b strings.Builder
	for i, c := range list {
		if i == maxTabled {
			b.WriteString("\n  …")
			break
		}
		fmt.Fprintf(&b, "\n  %d  %s  %s", c.ChannelID, lasting(x.duration(c)), c.ran())
	}
	return b.String()
}

// duration is how long a channel was there, in nanoseconds.
func (x *casts) duration(c *channelAccount) int64 {
	end := x.account.End
	if c.Closed != nil {
		end = *c.Closed
	}
	from, err := time.Parse(time.RFC3339Nano, c.Opened)
	to, err2 := time.Parse(time.RFC3339Nano, end)
	if errors.Join(err, err2) != nil {
		return -1
	}
	return int64(to.Sub(from))
}

// none says that there is no cast, and what there is instead.
func (x *casts) none() error {
	list := x.list()
	if len(list) == 0 {
		return fmt.Errorf("%s: no output of a session was recorded: 'sshtrail show' says what happened", word(x.src.name))
	}
	if x.channel == nil {
		return fmt.Errorf("%s: nothing was printed in that time; these sessions were recorded:%s", word(x.src.name), x.table(list))
	}
	return fmt.Errorf("%s: channel %d has no output in that time, or none at all; these sessions were recorded:%s", word(x.src.name), *x.channel, x.table(list))
}

// write reads the log and makes the casts.
func (x *casts) write(ctx context.Context, o *exportOptions) (reading, error) {
	options := asciicast.Options{Version: asciicast.Version(o.version), From: o.from, To: o.until}
	if x.target != nil {
		options.Target = *x.target
	}
	e := asciicast.NewEncoder(options, x.create)
	how, err := x.read(ctx, func(ev *event.Event) error {
		if x.channel != nil && ev.Body.Type().OnChannel() && ev.Channel != *x.channel {
			return nil
		}
		if ev.Body.Type().OnChannel() {
			x.conn = ev.Conn
		}
		return e.Event(ev)
	})
	if err == nil {
		err = e.Finish()
	}
	x.stats = e.Stats()
	return how, err
}

// create begins the cast of a channel.
func (x *casts) create(channel uint64) (io.WriteCloser, error) {
	w, err := x.to.create(asciicast.Name(x.conn, channel))
	if err != nil || !x.screen {
		return w, err
	}
	return &safeOutput{safeJSON{w: w}, w}, nil
}

// safeOutput is an output for a terminal, on which nothing in a cast acts.
type safeOutput struct {
	safeJSON
	io.Closer
}

// spool lets a log that can be read once only, as from a pipe, be read anywhere and again.
func (s *source) spool() error {
	if s.at != nil {
		return nil
	}
	f, err := os.CreateTemp("", "sshtrail-*")
	if err != nil {
		return fmt.Errorf("keep %s for reading it twice: %w", word(s.name), err)
	}
	os.Remove(f.Name()) // nobody else has a use for it, and it is gone with the process
	n, err := io.Copy(f, s.r)
	if err != nil {
		f.Close()
		return fmt.Errorf("keep %s for reading it twice: %w", word(s.name), err)
	}
	s.Closer.Close() // it was only read
	s.at, s.size, s.r, s.Closer = f, n, io.NewSectionReader(f, 0, n), f
	return nil
}
