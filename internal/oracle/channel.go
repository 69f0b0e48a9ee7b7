package oracle

import (
	"maps"
	"slices"

	"github.com/sshtrail/sshtrail/event"
)

// addToChannel notes an event of a channel that is not data.
func (l *Log) addToChannel(ev event.Event) {
	if kind, asks := asksFor(ev.Body); asks {
		l.Channels = append(l.Channels, &Channel{ID: ev.Channel, Type: kind})
		return
	}
	c := l.channel(ev)
	if c == nil {
		return
	}
	switch b := ev.Body.(type) {
	case *event.NewChannelSuccessful:
		c.Open = true
		l.opened = append(l.opened, c)
	case *event.NewChannelFailed:
		c.Refused = b.Reason
	case *event.CloseWrite:
		if b.By == event.ByClient {
			c.inputEnds = true
		} else {
			c.outputEnds = true
		}
	case *event.Close:
		c.Close = b
		c.noteFirst()
	case *event.Exit:
		c.Status = &b.ExitStatus
		c.noteFirst()
	case *event.ExitSignal:
		c.Signal = b.Signal
		c.noteFirst()
	default:
		c.addRequest(b)
	}
}

func (c *Channel) addRequest(body event.Body) {
	switch b := body.(type) {
	case *event.SetEnv:
		c.Env = append(c.Env, b.Name+"="+b.Value)
	case *event.Pty:
		c.PTY = b
	case *event.Window:
		c.Windows = append(c.Windows, *b)
	case *event.Exec:
		c.ask(b.RequestID, "exec", b.Program)
	case *event.Shell:
		c.ask(b.RequestID, "shell", "")
	case *event.Subsystem:
		c.ask(b.RequestID, "subsystem", b.Subsystem)
	case *event.ForcedCommand:
		c.ask(b.RequestID, "exec", b.Program)
	case *event.RequestAccepted:
		c.note(b.RequestID)
	case *event.RequestFailed:
		c.Failed = append(c.Failed, b.Reason)
		delete(c.asked, b.RequestID)
	}
}

// ask notes that something is to be started, the first of which is the channel's.
func (c *Channel) ask(id uint64, request, program string) {
	if c.Request == "" {
		c.Request, c.Program = request, program
	}
	if c.asked == nil {
		c.asked = map[uint64]string{}
	}
	c.asked[id] = program
}

// note notes that what a request asked for runs: a channel has one program.
func (c *Channel) note(id uint64) {
	if program, ok := c.asked[id]; ok && c.ran == nil {
		c.ran = &program
	}
}

// noteFirst is for requests that wanted no answer: something came of the first.
func (c *Channel) noteFirst() {
	if len(c.asked) > 0 {
		c.note(slices.Min(slices.Collect(maps.Keys(c.asked))))
	}
}

// asksFor returns the type of the channel that an event asks for, and whether it asks for
// one: a type may be empty.
func asksFor(body event.Body) (kind string, asks bool) {
	switch b := body.(type) {
	case *event.NewChannel:
		return b.ChannelType, true
	case *event.NewChannelDirectTCPIP:
		return "direct-tcpip", true
	case *event.NewChannelForwardedTCPIP:
		return "forwarded-tcpip", true
	case *event.NewChannelX11:
		return "x11", true
	case *event.NewChannelDirectStreamLocal:
		return "direct-streamlocal@openssh.com", true
	case *event.NewChannelForwardedStreamLocal:
		return "forwarded-streamlocal@openssh.com", true
	}
	return "", false
}
