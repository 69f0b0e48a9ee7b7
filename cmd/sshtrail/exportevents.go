package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/replay"
	"github.com/sshtrail/sshtrail/replay/page"
	"github.com/sshtrail/sshtrail/replay/transfer"
)

// events returns what is told beside the terminal of a session: what ran, its sizes, files and
// forwarded connections; of other sessions what ran in them. What is before or after the part that is
// shown is left out.
func (v *views) events(ch *replay.Channel) (events []page.Event, omitted int) {
	l := &listing{ch: ch, account: v.account}
	for _, c := range v.account.Channels {
		if c.ChannelType == "session" {
			l.program(c)
		} else {
			l.forward(c)
		}
	}
	l.resizes()
	l.files()
	l.listeners()
	for i, at := range v.account.gapsAt {
		l.add(at, page.Gap, "something is missing"+because(gapReason(v.account.Gaps[i])))
	}
	slices.SortStableFunc(l.events, func(a, b page.Event) int { return cmp.Compare(a.At, b.At) })
	to := v.o.until
	if to == 0 {
		to = ch.Length()
	}
	l.events = slices.DeleteFunc(l.events, func(e page.Event) bool { return e.At < v.o.from || e.At > to })
	a := v.account
	return l.events, int(a.ChannelsOmitted + a.ResizesOmitted + a.FilesOmitted + a.ListenersOmitted + a.GapsOmitted)
}

func gapReason(t tagged) string {
	if g, ok := t.v.(*event.Gap); ok {
		return g.Reason
	}
	return ""
}

// listing is a list of events in the making.
type listing struct {
	ch      *replay.Channel
	account *account
	events  []page.Event
}

func (l *listing) add(at int64, kind page.Kind, text string) {
	l.events = append(l.events, page.Event{At: time.Duration(at - l.ch.Start), Kind: kind, Text: text})
}

// whose is put before what is not of this session.
func (l *listing) whose(c *channelAccount) string {
	if c.ChannelID == l.ch.Number && c.opened == l.ch.Start {
		return ""
	}
	return l.account.number(c.ConnectionID, c.ChannelID) + " "
}

// program tells of what ran in a session, and of its end.
func (l *listing) program(c *channelAccount) {
	what := c.asked()
	if what == "" {
		return
	}
	whose := l.whose(c)
	if c.RunRefused != nil {
		l.add(c.started, page.Failed, whose+what+" refused"+because(*c.RunRefused))
		return
	}
	l.add(c.started, page.Program, whose+what)
	text, colour := c.outcome()
	kind := page.Done
	if colour != "" {
		kind = page.Failed
	}
	switch {
	case c.exited != 0:
		l.add(c.exited, kind, whose+text)
	case c.Closed != nil:
		l.add(c.closed, page.Other, whose+text)
	}
}

// forward tells of a forwarded connection.
func (l *listing) forward(c *channelAccount) {
	f := c.forward(l.account.number(c.ConnectionID, c.ChannelID))
	kind := page.Forward
	if c.Refused != nil {
		kind = page.Failed
	}
	l.add(c.opened, kind, f.number+" "+f.what+": "+f.how)
}

func (l *listing) resizes() {
	for i, r := range l.account.Resizes {
		if r.ChannelID == l.ch.Number {
			l.add(l.account.resizedAt[i], page.Resize, fmt.Sprintf("resized to %d×%d", r.Columns, r.Rows))
		}
	}
}

func (l *listing) files() {
	for i := range l.account.Transfers {
		t := &l.account.Transfers[i]
		text, _ := t.text(l.account.channel(t.ConnectionID, t.ChannelID))
		l.add(t.start, page.File, l.account.number(t.ConnectionID, t.ChannelID)+" "+text)
	}
	for i := range l.account.Files {
		f := &l.account.Files[i]
		at, err := time.Parse(time.RFC3339Nano, f.Time)
		if err != nil {
			continue
		}
		text, _ := f.text()
		kind := page.File
		if f.Failed != nil || f.What == string(transfer.Remove) {
			kind = page.Failed
		}
		l.add(at.UnixNano(), kind, l.account.number(f.ConnectionID, f.ChannelID)+" "+strings.Join(strings.Fields(text), " "))
	}
}

func (l *listing) listeners() {
	for i := range l.account.Listeners {
		f := &l.account.Listeners[i]
		at, err := time.Parse(time.RFC3339Nano, f.Time)
		if err != nil {
			continue
		}
		what, kind := "listen at ", page.Forward
		if f.Cancelled {
			what = "listen no more at "
		}
		text := what + brief(f.At, maxDetail)
		if f.Accepted != nil && !*f.Accepted {
			text, kind = text+": refused", page.Failed
			if f.Reason != nil {
				text += because(*f.Reason)
			}
		}
		l.add(at.UnixNano(), kind, text)
	}
}
