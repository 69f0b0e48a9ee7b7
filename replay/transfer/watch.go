package transfer

import (
	"strings"

	"github.com/sshtrail/sshtrail/event"
)

// Watch follows the sessions of a log. It is for one goroutine.
type Watch struct {
	action func(*Action)
	over   func(*Session)
	open   map[key]*session
	order  []*session // those that are open
	names  int        // bytes that are held
}

type key struct {
	conn    event.ConnID
	channel uint64
}

// session is one that goes on.
type session struct {
	Session
	w       *Watch
	request uint64 // that asked for what runs
	speaker speaker
}

// speaker understands a protocol.
type speaker interface {
	// hear takes what passed, from the client or to it, and returns why it understands no more.
	hear(fromClient bool, at int64, p []byte) (lost string)
	// finish tells what goes on.
	finish()
}

// New returns a watch that tells what was done to a file when it is over, and of a session when
// that is. What they are told is theirs to keep.
func New(action func(*Action), over func(*Session)) *Watch {
	return &Watch{action: action, over: over, open: map[key]*session{}}
}

// Observe takes the next event of the log.
func (w *Watch) Observe(ev *event.Event) {
	if !ev.Body.Type().OnChannel() {
		return
	}
	switch b := ev.Body.(type) {
	case *event.Exec:
		w.begin(ev, b.RequestID, b.Program)
	case *event.ForcedCommand:
		w.begin(ev, b.RequestID, b.Program)
	case *event.Subsystem:
		w.begin(ev, b.RequestID, "-"+b.Subsystem)
	}
	s := w.open[key{ev.Conn, ev.Channel}]
	if s == nil {
		return
	}
	switch b := ev.Body.(type) {
	case *event.RequestFailed:
		if b.RequestID == s.request {
			w.drop(s)
		}
	case *event.IO:
		s.observe(ev.Time, b)
	case *event.Close:
		s.End = ev.Time
		w.finish(s)
	}
}

// Finish tells what goes on at the end of the log.
func (w *Watch) Finish() {
	for len(w.order) > 0 {
		w.finish(w.order[0])
	}
}

// begin follows a program, if it is one that carries files. A subsystem has a - before its name.
func (w *Watch) begin(ev *event.Event, request uint64, program string) {
	k := key{ev.Conn, ev.Channel}
	if s := w.open[k]; s != nil {
		w.drop(s) // another runs in its place
	}
	s := &session{w: w, request: request}
	s.Conn, s.Channel, s.Start = event.ConnID(strings.Clone(string(ev.Conn))), ev.Channel, ev.Time
	switch scp, ok := parseCommand(program); {
	case program == "-sftp" || ok && scp.sftp:
		s.By, s.speaker = "sftp", newSFTP(s)
	case ok:
		s.By, s.Path, s.Upload = "scp", cut(scp.path), scp.upload
		s.speaker = newSCP(s, cut(scp.path), scp.upload)
	default:
		return
	}
	if len(w.order) >= maxSessions {
		s.speaker, s.Lost = nil, "more such sessions at once than are followed"
		w.over(&s.Session)
		return
	}
	w.open[k] = s
	w.order = append(w.order, s)
}

// drop forgets a session in which nothing was carried.
func (w *Watch) drop(s *session) {
	delete(w.open, key{s.Conn, s.Channel})
	for i := range w.order {
		if w.order[i] == s {
			w.order = append(w.order[:i], w.order[i+1:]...)
			break
		}
	}
}

func (w *Watch) finish(s *session) {
	s.speaker.finish()
	w.drop(s)
	w.over(&s.Session)
}

func (s *session) observe(at int64, b *event.IO) {
	if len(b.Data) == 0 || b.Stream == event.Stderr {
		return
	}
	in := b.Stream == event.Stdin
	s.Input, s.Output = s.Input || in, s.Output || !in
	if s.Lost != "" {
		return
	}
	if lost := s.speaker.hear(in, at, b.Data); lost != "" {
		s.Lost = lost
	}
}

// begun returns an action that begins. It holds names until it is told.
func (s *session) begun(at int64, what What, path, name string) *Action {
	path, name = cut(path), cut(name)
	if s.w.names += len(path) + len(name); s.w.names > maxNames {
		s.w.names -= len(path) + len(name)
		path, name = "", ""
		s.Lost = "more names at once than are held"
	}
	return &Action{Conn: s.Conn, Channel: s.Channel, By: s.By, What: what, Path: path, Name: name, Start: at}
}

// tell tells an action that is over.
func (s *session) tell(a *Action) {
	s.w.names -= len(a.Path) + len(a.Name)
	if a.What == File {
		s.Files++
	}
	s.w.action(a)
}

// cut returns at most the first maxName bytes of a name, to be kept.
func cut(name string) string {
	return strings.Clone(name[:min(len(name), maxName)])
}
