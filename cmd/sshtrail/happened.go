package main

import (
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/replay/transfer"
)

// What show tells beside connections and channels: when something passed, resizes, files, and
// listeners for forwarded connections.

type resizeAccount struct {
	Time         string       `json:"time"`
	ConnectionID event.ConnID `json:"connectionId"`
	ChannelID    uint64       `json:"channelId"`
	Columns      uint32       `json:"columns"`
	Rows         uint32       `json:"rows"`
}

// transferAccount is a session of scp or SFTP, as far as the recorded bytes tell.
type transferAccount struct {
	ConnectionID event.ConnID `json:"connectionId"`
	ChannelID    uint64       `json:"channelId"`
	By           string       `json:"by"`             // scp, sftp
	Path         *string      `json:"path"`           // of scp: what its command line names
	Upload       *bool        `json:"upload"`         // of scp
	Files        uint64       `json:"files"`          // that are known
	Written      uint64       `json:"written"`        // bytes of files to the server
	Read         uint64       `json:"read"`           // and from there
	Input        bool         `json:"inputRecorded"`  // something of what the client said is recorded
	Output       bool         `json:"outputRecorded"` // and of what the server said
	Lost         *string      `json:"notUnderstood"`  // why it was not understood to its end

	start int64
}

// fileAccount is something that was done to a file.
type fileAccount struct {
	Time         string       `json:"time"`
	ConnectionID event.ConnID `json:"connectionId"`
	ChannelID    uint64       `json:"channelId"`
	By           string       `json:"by"`
	What         string       `json:"what"` // file, remove, rename, link, symlink, mkdir, rmdir
	Path         string       `json:"path"`
	Name         *string      `json:"name"` // of scp: the sender's for it; of rename and links: the new one
	Written      uint64       `json:"written"`
	Read         uint64       `json:"read"`
	Size         *uint64      `json:"size"` // as scp's sender said
	Ended        *string      `json:"ended"`
	Failed       *string      `json:"failed"`
}

// listenerAccount is a request to forward what connects to an address.
type listenerAccount struct {
	Time         string       `json:"time"`
	ConnectionID event.ConnID `json:"connectionId"`
	At           string       `json:"at"`
	Cancelled    bool         `json:"cancelled"` // that it is to end
	Accepted     *bool        `json:"accepted"`
	Reason       *string      `json:"reason"`

	kind string // of the request
}

// count counts an event for the picture.
func (a *account) count(ev *event.Event) {
	b, _ := ev.Body.(*event.IO)
	forwarded := false
	if b != nil {
		key := channelKey{ev.Conn, ev.Channel}
		c := a.open[key]
		forwarded = a.forwarded[key] || c != nil && c.ChannelType != "session"
	}
	a.activity.add(ev.Time, b, forwarded)
}

func (a *account) addResize(ev *event.Event, b *event.Window) {
	if len(a.Resizes) >= maxListed {
		a.ResizesOmitted++
		a.resizedAt[a.ResizesOmitted%maxListed] = ev.Time // some of the others
		return
	}
	a.Resizes = append(a.Resizes, resizeAccount{exact(ev.Time), ev.Conn, ev.Channel, b.Columns, b.Rows})
	a.resizedAt = append(a.resizedAt, ev.Time)
}

func (a *account) addTransfer(s *transfer.Session) {
	if len(a.Transfers) >= maxListed {
		a.TransfersOmitted++
		return
	}
	t := transferAccount{
		start:        s.Start,
		ConnectionID: s.Conn, ChannelID: s.Channel, By: s.By, Files: s.Files,
		Written: s.Written, Read: s.Read, Input: s.Input, Output: s.Output,
	}
	if s.By == "scp" {
		t.Path, t.Upload = short(s.Path), &s.Upload
	}
	if s.Lost != "" {
		t.Lost = &s.Lost
	}
	a.Transfers = append(a.Transfers, t)
}

func (a *account) addFile(f *transfer.Action) {
	if len(a.Files) >= maxListed {
		a.FilesOmitted++
		return
	}
	t := fileAccount{
		Time: exact(f.Start), ConnectionID: f.Conn, ChannelID: f.Channel, By: f.By, What: string(f.What), Path: f.Path,
		Written: f.Written, Read: f.Read, Size: f.Size,
	}
	if f.Name != "" {
		t.Name = &f.Name
	}
	if f.End != 0 {
		ended := exact(f.End)
		t.Ended = &ended
	}
	if f.Failed != "" {
		t.Failed = &f.Failed
	}
	a.Files = append(a.Files, t)
}

// listen takes note of a request to listen, or to end that.
func (a *account) listen(ev *event.Event) {
	l := listenerAccount{Time: exact(ev.Time), ConnectionID: ev.Conn}
	switch b := ev.Body.(type) {
	case *event.ForwardTCPIP:
		l.kind, l.At = "tcpip-forward", hostPort(b.BindHost, b.BindPort)
	case *event.CancelForwardTCPIP:
		l.kind, l.At, l.Cancelled = "cancel-tcpip-forward", hostPort(b.BindHost, b.BindPort), true
	case *event.ForwardStreamLocal:
		l.kind, l.At = "streamlocal-forward@openssh.com", b.Path
	case *event.CancelForwardStreamLocal:
		l.kind, l.At, l.Cancelled = "cancel-streamlocal-forward@openssh.com", b.Path, true
	}
	if len(a.Listeners) >= maxListed {
		a.ListenersOmitted++
		return
	}
	l.At = *short(l.At)
	a.Listeners = append(a.Listeners, l)
}

// answerListener takes note of the answer: they come in the order of the requests (RFC 4254 §4).
func (a *account) answerListener(ev *event.Event, b *event.GlobalReply) {
	for i := range a.Listeners {
		l := &a.Listeners[i]
		if l.Accepted != nil || l.kind != b.RequestType || l.ConnectionID != ev.Conn {
			continue
		}
		accepted := b.Accepted
		if l.Accepted = &accepted; b.Reason != "" {
			l.Reason = short(b.Reason)
		}
		return
	}
}
