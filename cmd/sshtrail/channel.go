package main

import (
	"fmt"

	"github.com/sshtrail/sshtrail/event"
)

// channelAccount is what show tells of one channel.
type channelAccount struct {
	ConnectionID event.ConnID      `json:"connectionId"`
	ChannelID    uint64            `json:"channelId"`
	ChannelType  string            `json:"channelType"`
	To           *string           `json:"to"`   // of a forwarded one: where to
	From         *string           `json:"from"` // and from where
	Opened       string            `json:"opened"`
	Closed       *string           `json:"closed"`
	Refused      *string           `json:"refused"` // why it was not opened
	Pty          *ptyAccount       `json:"pty"`
	Environment  []variableAccount `json:"environment"`
	Runs         *string           `json:"runs"` // exec, shell, subsystem
	Program      *string           `json:"program"`
	Forced       *string           `json:"forced"` // what ran in place of program
	Subsystem    *string           `json:"subsystem"`
	RunRefused   *string           `json:"runRefused"` // why that did not run
	Started      *string           `json:"started"`
	ExitStatus   *uint32           `json:"exitStatus"`
	ExitSignal   *string           `json:"exitSignal"`
	Exited       *string           `json:"exited"`
	Stdin        uint64            `json:"stdin"` // bytes recorded
	Stdout       uint64            `json:"stdout"`
	Stderr       uint64            `json:"stderr"`
	Received     *uint64           `json:"received"` // bytes that passed
	Sent         *uint64           `json:"sent"`
	Resizes      uint64            `json:"resizes"`
	Signals      []string          `json:"signals"`

	opened, closed  int64
	started, exited int64
	lastSize        [2]uint32 // columns, rows

	runID    uint64 // request that asked for what runs
	requests requests
}

type ptyAccount struct {
	Term    string `json:"term"`
	Columns uint32 `json:"columns"` // as it was at the end
	Rows    uint32 `json:"rows"`
}

type variableAccount struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// maxOfChannel bounds the lists of one channel.
const maxOfChannel = 32

// channelKey tells the channels of a log apart.
type channelKey struct {
	conn    event.ConnID
	channel uint64
}

func (a *account) observeChannel(ev *event.Event) {
	key := channelKey{ev.Conn, ev.Channel}
	if what, ok := asksForChannel(ev.Body); ok {
		a.addChannel(key, ev, what)
		return
	}
	c := a.open[key]
	if opened, ok := ev.Body.(*event.NewChannelSuccessful); ok && c == nil {
		// ContainerSSH has no word of the request for it.
		a.addChannel(key, ev, channelRequest{kind: opened.ChannelType})
		return
	}
	if failed, ok := ev.Body.(*event.RequestFailed); ok {
		a.refuse(ev, &ev.Channel, c.label(failed.RequestID), failed.Reason)
	}
	if c == nil {
		if _, closed := ev.Body.(*event.Close); closed {
			delete(a.forwarded, key)
		}
		return
	}
	switch b := ev.Body.(type) {
	case *event.NewChannelFailed:
		a.refuse(ev, &ev.Channel, "channel "+c.kind(), b.Reason)
		c.Refused = short(b.Reason)
		a.forget(key, ev)
	case *event.Close:
		c.Received, c.Sent = &b.Received, &b.Sent
		a.forget(key, ev)
	case *event.IO:
		add(&c.Stdin, &c.Stdout, &c.Stderr, b)
	default:
		if window, ok := ev.Body.(*event.Window); ok {
			a.addResize(ev, window)
		}
		c.observe(ev)
	}
}

func (a *account) addChannel(key channelKey, ev *event.Event, what channelRequest) {
	if len(a.Channels) >= maxListed {
		a.ChannelsOmitted++
		if what.kind != "session" && len(a.forwarded) < maxOpen {
			a.forwarded[key] = true
		}
		return
	}
	c := &channelAccount{
		ConnectionID: key.conn, ChannelID: key.channel,
		ChannelType: *short(what.kind), Opened: exact(ev.Time), opened: ev.Time,
		Environment: []variableAccount{}, Signals: []string{},
	}
	if what.to != "" {
		c.To = short(what.to)
	}
	if what.from != "" {
		c.From = short(what.from)
	}
	a.Channels = append(a.Channels, c)
	a.open[key] = c
}

func (a *account) forget(key channelKey, ev *event.Event) {
	closed := exact(ev.Time)
	a.open[key].Closed, a.open[key].closed = &closed, ev.Time
	delete(a.open, key)
}

// add counts the bytes of a stream.
func add(stdin, stdout, stderr *uint64, b *event.IO) {
	n := uint64(len(b.Data))
	switch b.Stream {
	case event.Stdin:
		*stdin += n
	case event.Stdout:
		*stdout += n
	case event.Stderr:
		*stderr += n
	}
}

// observe takes note of what happened on the channel.
func (c *channelAccount) observe(ev *event.Event) {
	if id, what, ok := requestOf(ev.Body); ok {
		c.requests.note(id, what)
	}
	switch b := ev.Body.(type) {
	case *event.SetEnv:
		if len(c.Environment) < maxOfChannel {
			c.Environment = append(c.Environment, variableAccount{shorter(b.Name, maxDetail), shorter(b.Value, maxDetail)})
		}
	case *event.Pty:
		c.Pty = &ptyAccount{*short(b.Term), b.Columns, b.Rows}
	case *event.Window:
		c.Resizes++
		c.lastSize = [2]uint32{b.Columns, b.Rows}
		if c.Pty != nil {
			c.Pty.Columns, c.Pty.Rows = b.Columns, b.Rows
		}
	case *event.Exec:
		c.start(ev, b.RequestID, "exec")
		c.Program = short(b.Program)
	case *event.Shell:
		c.start(ev, b.RequestID, "shell")
	case *event.Subsystem:
		c.start(ev, b.RequestID, "subsystem")
		c.Subsystem = short(b.Subsystem)
	case *event.RequestFailed:
		if c.Runs != nil && c.runID == b.RequestID {
			c.RunRefused = short(b.Reason)
		}
	case *event.ForcedCommand:
		c.Forced = short(b.Program)
	case *event.Signal:
		if len(c.Signals) < maxOfChannel {
			c.Signals = append(c.Signals, shorter(b.Signal, maxDetail))
		}
	case *event.Exit:
		status, at := b.ExitStatus, exact(ev.Time)
		c.ExitStatus, c.Exited, c.exited = &status, &at, ev.Time
	case *event.ExitSignal:
		at := exact(ev.Time)
		c.ExitSignal, c.Exited, c.exited = short(b.Signal), &at, ev.Time
	}
}

func (c *channelAccount) start(ev *event.Event, id uint64, how string) {
	at := exact(ev.Time)
	c.Runs, c.Started, c.started, c.runID, c.RunRefused = &how, &at, ev.Time, id, nil
}

// kind is the channel's type, and where to.
func (c *channelAccount) kind() string {
	if c.To != nil {
		return word(c.ChannelType) + " to " + word(*c.To)
	}
	return word(c.ChannelType)
}

// label returns what a request of the channel was, which may not be known itself.
func (c *channelAccount) label(id uint64) string {
	if c == nil {
		return fmt.Sprintf("request %d", id)
	}
	return c.requests.label(id)
}

// ran is what ran in the channel, for a person, "" if nothing did.
func (c *channelAccount) ran() string {
	switch {
	case c.Refused != nil || c.RunRefused != nil:
		return ""
	case c.Forced != nil:
		return brief(*c.Forced, maxText) + " (forced)"
	case c.Program != nil:
		return brief(*c.Program, maxText)
	case c.Subsystem != nil:
		return "(" + word(*c.Subsystem) + ")"
	case c.Runs != nil:
		return "(" + *c.Runs + ")"
	case c.ChannelType != "session":
		return "(" + c.kind() + ")"
	}
	return ""
}
