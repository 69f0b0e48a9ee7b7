package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/replay"
	"github.com/sshtrail/sshtrail/replay/page"
	drawing "github.com/sshtrail/sshtrail/replay/picture"
	"github.com/sshtrail/sshtrail/replay/transcript"
)

// exportViews writes what was to be seen in one session, or in a folder of each: as text, as a picture, as
// a page. The log is read twice: for the verdict and for all that happened, then to be played.
func (a *app) exportViews(ctx context.Context, src *source, o *exportOptions, to *outputs) error {
	if err := src.spool(); err != nil {
		return err
	}
	x := &casts{src: src, to: to, bar: a.exportBar(to), channel: o.channel}
	how, err := x.read(ctx, func(*event.Event) error { return nil })
	if err != nil {
		return failedOn(src, err)
	}
	v := &views{casts: x, o: o}
	if x.account.Messages > 0 {
		if err := v.write(ctx); err != nil {
			return failedOn(src, err)
		}
	}
	x.stats.Casts = v.written
	return a.endCasts(x, how)
}

// views makes views of the sessions of a log.
type views struct {
	*casts
	o       *exportOptions
	log     *replay.Log
	written int
}

// write makes a view of each session that was asked for.
func (v *views) write(ctx context.Context) (err error) {
	v.bar.begin(word(v.src.name), v.src.size)
	defer v.bar.end()
	v.log, err = replay.Open(&played{v.src.at, ctx, v.bar}, v.src.size, replay.Options{More: v.more, Messages: v.account.Messages})
	var fault *binary.Fault
	if errors.As(err, &fault) {
		return nil // the verdict says it
	}
	if err != nil {
		return err
	}
	channels, err := v.sessions()
	if err != nil {
		return err
	}
	for _, ch := range channels {
		if err := v.one(ch); err != nil {
			return err
		}
		v.written++
	}
	return nil
}

// more is what is in no block of an open log yet.
func (v *views) more(first uint64, each func(*binary.Message) error) error {
	if !v.src.open {
		return nil
	}
	return v.src.readJournal(first, each)
}

// sessions returns those that views are made of.
func (v *views) sessions() ([]*replay.Channel, error) {
	if v.channel != nil {
		if ch := v.log.Channel(*v.channel); ch != nil {
			return []*replay.Channel{ch}, nil
		}
		return nil, nil
	}
	var channels []*replay.Channel
	list := v.list()
	for _, c := range list {
		if ch := v.log.Channel(c.ChannelID); ch != nil && ch.Start == c.opened {
			channels = append(channels, ch)
		}
	}
	if len(channels) > 1 && v.to.folder == "" {
		return nil, fmt.Errorf("%d sessions were recorded: name one with --channel N, or a folder for all of them with -o FOLDER%c%s", len(channels), os.PathSeparator, v.table(list))
	}
	return channels, nil
}

// one makes the view of a session.
func (v *views) one(ch *replay.Channel) error {
	if v.o.from > ch.Length() || v.o.at > ch.Length() {
		return fmt.Errorf("channel %d lasts %s only: give a time up to then", ch.Number, lasting(int64(ch.Length())))
	}
	extension := map[string]string{"text": "txt"}[v.o.to]
	if extension == "" {
		extension = v.o.to
	}
	w, err := v.to.create(fmt.Sprintf("%s.%d.%s", v.account.ConnectionID, ch.Number, extension))
	if err != nil {
		return err
	}
	p := replay.NewPlayer(v.log, ch)
	switch v.o.to {
	case "text":
		err = transcript.Write(w, p, transcript.Options{From: v.o.from, To: v.o.until})
	case "svg":
		err = v.picture(w, p, ch)
	default:
		err = page.Write(w, p, v.page(ch))
	}
	if err == nil {
		err = w.Close()
	}
	switch {
	case errors.Is(err, page.ErrTooLarge):
		return errors.New("the page would be larger than 64 MiB, which browsers do not like: export a part of it with --from and --to-time, or --to asciicast or text")
	case errors.Is(err, drawing.ErrTooLarge):
		return errors.New("the picture would be larger than 16 MiB: this screen is made to have each character look another way; try --to text")
	}
	return err
}

// picture draws the screen of a moment.
func (v *views) picture(w io.Writer, p *replay.Player, ch *replay.Channel) error {
	at := v.o.at
	if at < 0 {
		at = ch.Length()
	}
	if err := p.Reach(at); err != nil {
		return err
	}
	return drawing.Write(w, p.Screen(), v.title(ch)+", at "+transcript.Time(at))
}

// title is whose session it is, and what ran in it.
func (v *views) title(ch *replay.Channel) string {
	title := "(unknown)"
	if u := v.account.Username; u != nil {
		title = word(*u)
	} else if v.log.User != "" {
		title = word(v.log.User)
	}
	if v.log.Target != "" {
		title += "@" + shown(v.log.Target)
	}
	if c := v.accountOf(ch); c != nil && c.asked() != "" {
		title += ": " + c.asked()
	}
	return title
}

// accountOf returns what is known of a session.
func (v *views) accountOf(ch *replay.Channel) *channelAccount {
	for _, c := range v.account.Channels {
		if c.ChannelID == ch.Number && c.opened == ch.Start {
			return c
		}
	}
	return nil
}

// page is what is beside the terminal.
func (v *views) page(ch *replay.Channel) page.Options {
	o := page.Options{Title: v.title(ch), From: v.o.from, To: v.o.until, Length: ch.Length()}
	fact := func(name, value string) { o.Facts = append(o.Facts, page.Fact{Name: name, Value: value}) }
	if addr := v.account.RemoteAddr; addr != nil {
		fact("from", word(*addr))
	}
	fact("began", utc(ch.Start))
	fact("lasted", lasting(int64(ch.Length())))
	if len(v.list()) > 1 {
		fact("channel", fmt.Sprint(ch.Number))
	}
	fact("log", word(string(v.account.ConnectionID)))
	fact("verdict", v.account.Verdict)
	o.Events, o.Omitted = v.events(ch)
	return o
}

// played is a log that is read to be played: the bar shows how far, and the end of a context ends it.
type played struct {
	at  io.ReaderAt
	ctx context.Context
	bar *progress
}

// ReadAt implements io.ReaderAt.
func (p *played) ReadAt(b []byte, at int64) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	p.bar.done(at)
	return p.at.ReadAt(b, at)
}

// atTime is the time of --at, -1 for the end.
func atTime(s string) (time.Duration, error) {
	if s == "end" {
		return -1, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("--at %s: give a time since the beginning, as in 1m30s, or end", word(s))
	}
	return d, nil
}
