package oracle

import (
	"github.com/sshtrail/sshtrail/event"
)

// addToChannel notes an event of a channel that is not data.
func (l *Log) addToChannel(ev event.Event) {
	if kind := asksFor(ev.Body); kind != "" {
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
	case *event.Exit:
		c.Status = &b.ExitStatus
	case *event.ExitSignal:
		c.Signal = b.Signal
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
		c.Request, c.Program = "exec", b.Program
	case *event.Shell:
		c.Request = "shell"
	case *event.Subsystem:
		c.Request, c.Program = "subsystem", b.Subsystem
	case *event.RequestFailed:
		c.Failed = append(c.Failed, b.Reason)
	}
}

// asksFor returns the type of the channel that an event asks for: empty if it is another.
func asksFor(body event.Body) string {
	switch b := body.(type) {
	case *event.NewChannel:
		return b.ChannelType
	case *event.NewChannelDirectTCPIP:
		return "direct-tcpip"
	case *event.NewChannelForwardedTCPIP:
		return "forwarded-tcpip"
	case *event.NewChannelX11:
		return "x11"
	case *event.NewChannelDirectStreamLocal:
		return "direct-streamlocal@openssh.com"
	case *event.NewChannelForwardedStreamLocal:
		return "forwarded-streamlocal@openssh.com"
	}
	return ""
}
