package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/replay/transfer"
)

// maxSection is how many lines a section of show has; the JSON has more.
const maxSection = 20

// fact is a line of a section. On a terminal what and how are cut to fit: the timeline has all
// of them. Facts that only this line has are in full.
type fact struct {
	number, what, how string
	colour            string // of how
	full              string
}

// sections prints what ran, which files were carried, what was forwarded: below the picture.
func (a *account) sections(w io.Writer, s screen) {
	for _, section := range []struct {
		name    string
		facts   []fact
		omitted uint64
	}{
		{"programs", a.programs(), a.ChannelsOmitted},
		{"resizes", a.resizes(), 0},
		{"files", a.files(), a.FilesOmitted + a.TransfersOmitted},
		{"forwards", a.forwards(), a.ChannelsOmitted + a.ListenersOmitted},
	} {
		name := section.name
		for i := range section.facts[:min(len(section.facts), maxSection)] {
			fmt.Fprintf(w, "%s%s\n", s.paint(faint, fmt.Sprintf("%-*s", pictureLabel, name)), section.facts[i].line(s))
			name = ""
		}
		more := max(0, len(section.facts)-maxSection)
		switch {
		case len(section.facts) > 0 && section.omitted > 0:
			fmt.Fprintf(w, "%*s%s\n", pictureLabel, "", s.paint(faint, fmt.Sprintf("(and more, of which --json has %d)", more)))
		case more > 0:
			fmt.Fprintf(w, "%*s%s\n", pictureLabel, "", s.paint(faint, fmt.Sprintf("(%d more, which --json has)", more)))
		}
	}
}

// usualWhat is how wide what is, if that is room enough.
const usualWhat = 28

func (f *fact) line(s screen) string {
	start := fmt.Sprintf("%-4s ", f.number)
	if f.full != "" {
		return start + s.paint(f.colour, f.full)
	}
	what, how, pad := f.what, f.how, usualWhat
	if s.terminal {
		room := max(0, s.width-pictureLabel-textWidth(start)-1)
		how = clip(how, max(room/2, room-usualWhat))
		what = clip(what, room-textWidth(how))
		pad = min(pad, room-textWidth(how))
	}
	if how == "" {
		return start + what
	}
	return start + what + strings.Repeat(" ", max(0, pad-textWidth(what))) + " " + s.paint(f.colour, how)
}

// number is a channel for a person.
func (a *account) number(conn event.ConnID, channel uint64) string {
	if a.several() {
		return fmt.Sprintf("%s #%d", shortID(string(conn)), channel)
	}
	return fmt.Sprintf("#%d", channel)
}

// programs tells of each program that ran, or was to.
func (a *account) programs() []fact {
	var facts []fact
	for _, c := range a.Channels {
		if what := c.asked(); what != "" {
			how, colour := c.outcome()
			facts = append(facts, fact{number: a.number(c.ConnectionID, c.ChannelID), what: what, how: how, colour: colour})
		}
	}
	return facts
}

// asked is what was to run in a session.
func (c *channelAccount) asked() string {
	switch {
	case c.Runs == nil || c.Refused != nil:
		return ""
	case c.Forced != nil:
		return brief(*c.Forced, maxDetail) + " (forced)"
	case c.Program != nil:
		return brief(*c.Program, maxDetail)
	case c.Subsystem != nil:
		return "(" + word(*c.Subsystem) + ")"
	}
	return "(" + *c.Runs + ")"
}

// outcome says how what ran in a channel ended.
func (c *channelAccount) outcome() (text, colour string) {
	end := c.exited
	switch {
	case c.RunRefused != nil:
		return "refused" + because(*c.RunRefused), yellow
	case c.ExitSignal != nil:
		text, colour = "killed by signal "+word(*c.ExitSignal), yellow
	case c.ExitStatus != nil:
		if text = fmt.Sprintf("exit status %d", *c.ExitStatus); *c.ExitStatus != 0 {
			colour = yellow
		}
	case c.Closed != nil:
		text, end = "no exit status", c.closed
	default:
		return "no end", yellow
	}
	return text + ", " + lasting(end-c.started), colour
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + brief(reason, maxDetail)
}

// resizes tells of the sizes of each channel that had some.
func (a *account) resizes() []fact {
	const most = 8 // sizes of a channel
	sizes := map[channelKey][]string{}
	for _, r := range a.Resizes {
		k := channelKey{r.ConnectionID, r.ChannelID}
		if n := len(sizes[k]); n <= most {
			sizes[k] = append(sizes[k], fmt.Sprintf("%d×%d", r.Columns, r.Rows))
		}
	}
	var facts []fact
	for _, c := range a.Channels {
		all := sizes[channelKey{c.ConnectionID, c.ChannelID}]
		if len(all) == 0 {
			continue
		}
		text := strings.Join(all, " → ")
		if len(all) > most {
			text = fmt.Sprintf("%s → … → %d×%d", strings.Join(all[:most-1], " → "), c.lastSize[0], c.lastSize[1])
		}
		facts = append(facts, fact{number: a.number(c.ConnectionID, c.ChannelID), what: fmt.Sprintf("%d, to %s", c.Resizes, text)})
	}
	return facts
}

// files tells of each session of scp and SFTP, and of what it did to files.
func (a *account) files() []fact {
	var facts []fact
	told := make([]bool, len(a.Files))
	tell := func(i int) {
		f := &a.Files[i]
		text, colour := f.text()
		facts, told[i] = append(facts, fact{number: a.number(f.ConnectionID, f.ChannelID), full: text, colour: colour}), true
	}
	for i := range a.Transfers {
		t := &a.Transfers[i]
		text, colour := t.text(a.channel(t.ConnectionID, t.ChannelID))
		facts = append(facts, fact{number: a.number(t.ConnectionID, t.ChannelID), full: text, colour: colour})
		for i := range a.Files {
			if f := &a.Files[i]; !told[i] && f.ChannelID == t.ChannelID && f.ConnectionID == t.ConnectionID {
				tell(i)
			}
		}
	}
	for i := range a.Files {
		if !told[i] {
			tell(i)
		}
	}
	return facts
}

func (a *account) channel(conn event.ConnID, number uint64) *channelAccount {
	for _, c := range a.Channels {
		if c.ChannelID == number && c.ConnectionID == conn {
			return c
		}
	}
	return nil
}

// text is a session in words: how much, and what is not known of it.
func (t *transferAccount) text(c *channelAccount) (text, colour string) {
	text = t.By
	if t.Path != nil {
		text += map[bool]string{true: " to ", false: " from "}[*t.Upload] + brief(*t.Path, maxDetail)
	}
	text += fmt.Sprintf(": %s, %s sent, %s fetched", counted(t.Files, "file"), counted(t.Written, "byte"), counted(t.Read, "byte"))
	switch {
	case t.Input && t.Output:
	case t.Input:
		text += "; what the server said is not recorded"
	case t.Output && t.By == "sftp":
		text += "; what the client said is not recorded, names neither"
	case t.Output:
		text += "; what the client said is not recorded"
	default:
		text = strings.SplitN(text, ": ", 2)[0] + ": what passed is not recorded"
		if c != nil && c.Received != nil && c.Sent != nil {
			text += fmt.Sprintf("; the channel received %d and sent %s", *c.Received, counted(*c.Sent, "byte"))
		}
	}
	if t.Lost != nil {
		return text + "; not understood to its end: " + *t.Lost, yellow
	}
	return text, ""
}

// text is what was done to a file in words.
func (f *fileAccount) text() (text, colour string) {
	path := brief(f.Path, maxText)
	name := ""
	if f.Name != nil {
		name = brief(*f.Name, maxText)
	}
	switch transfer.What(f.What) {
	case transfer.File:
		text = f.carried(path, name)
	case transfer.Rename:
		text = "renamed   " + path + " to " + name
	case transfer.Link, transfer.Symlink:
		text = "linked    " + path + " as " + name
	case transfer.MakeDir:
		text = "made      " + path
	default:
		text = "removed   " + path
	}
	switch {
	case f.Failed != nil:
		return text + ", failed" + because(*f.Failed), yellow
	case f.Ended == nil && f.What == string(transfer.File):
		text += ", not closed"
	}
	return text, ""
}

func (f *fileAccount) carried(path, name string) string {
	verb, n := "opened", uint64(0)
	switch {
	case f.Written > 0 && f.Read > 0:
		return fmt.Sprintf("both ways %s  %s sent, %d fetched", path, counted(f.Written, "byte"), f.Read)
	case f.Written > 0:
		verb, n = "sent", f.Written
	case f.Read > 0:
		verb, n = "fetched", f.Read
	case f.Failed != nil:
		verb = "tried"
	}
	text := fmt.Sprintf("%-9s %s", verb, path)
	if name != "" && name != path && !strings.HasSuffix(path, "/"+name) {
		text += " (" + name + ")"
	}
	if f.Size != nil && *f.Size != n {
		return text + fmt.Sprintf("  %d of %s", n, counted(*f.Size, "byte"))
	}
	if n > 0 || f.Size != nil {
		text += "  " + counted(n, "byte")
	}
	return text
}

// forwards tells of each request to listen for connections, and of each that was forwarded.
func (a *account) forwards() []fact {
	var facts []fact
	for i := range a.Listeners {
		l := &a.Listeners[i]
		f := fact{what: "listen at " + brief(l.At, maxDetail)}
		if l.Cancelled {
			f.what = "listen no more at " + brief(l.At, maxDetail)
		}
		if l.Accepted != nil {
			if f.how = "accepted"; !*l.Accepted {
				f.how, f.colour = "refused", yellow
			}
		}
		if l.Reason != nil {
			f.how += because(*l.Reason)
		}
		facts = append(facts, f)
	}
	for _, c := range a.Channels {
		if c.ChannelType != "session" {
			facts = append(facts, c.forward(a.number(c.ConnectionID, c.ChannelID)))
		}
	}
	return facts
}

// forward is a forwarded connection in words.
func (c *channelAccount) forward(number string) fact {
	f := fact{number: number, what: brief(c.ChannelType, maxDetail)}
	if c.To != nil {
		f.what += " to " + brief(*c.To, maxDetail)
	}
	if c.From != nil {
		f.what += " from " + brief(*c.From, maxDetail)
	}
	switch {
	case c.Refused != nil:
		f.how, f.colour = "refused"+because(*c.Refused), yellow
	case c.Closed == nil:
		f.how = fmt.Sprintf("not closed; recorded: %d received, %s sent", c.Stdin, counted(c.Stdout, "byte"))
	default:
		f.how = lasting(c.closed - c.opened)
		if c.Received != nil && c.Sent != nil {
			f.how += fmt.Sprintf(", %d received, %s sent", *c.Received, counted(*c.Sent, "byte"))
		}
	}
	return f
}
