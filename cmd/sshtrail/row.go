package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/s3"
)

// logRow is what ls tells of one log, in the keys of its JSON.
type logRow struct {
	Log          storage.Name `json:"log"`
	Verdict      string       `json:"verdict"` // what the two ends say; "error" with Error
	Error        *string      `json:"error"`
	Size         int64        `json:"size"`
	Finished     bool         `json:"finished"`
	Digest       *string      `json:"digest"`
	ConnectionID *string      `json:"connectionId"` // of the first message
	GatewayLog   bool         `json:"gatewayLog"`
	Username     *string      `json:"username"`
	RemoteAddr   *string      `json:"remoteAddr"`
	Start        *string      `json:"start"`
	End          *string      `json:"end"`
	DurationNs   *int64       `json:"durationNs"`
	Messages     *uint64      `json:"messages"`
	Casts        uint64       `json:"casts"` // beside the log
	Cast         *castAccount `json:"cast"`  // of what is a cast itself
	Summary      *tagged      `json:"summary"`

	verdict binary.Verdict
	summary *event.Summary
	start   int64
}

// noVerdict is in the place of a verdict on what could not be read.
const noVerdict = "error"

// readRow reads the two ends of a log. What goes wrong is in the row.
func readRow(ctx context.Context, s shelf, journal string, l stored) *logRow {
	row := &logRow{Log: l.info.Name, Size: l.info.Size, Finished: l.info.Finished, Casts: l.casts}
	if err := row.read(ctx, s, journal, l.cast); err != nil {
		why := err.Error()
		row.Verdict, row.Error = noVerdict, &why
	}
	return row
}

func (r *logRow) read(ctx context.Context, s shelf, journal string, cast bool) error {
	src, err := openStored(ctx, s, journal, r.Log)
	if errors.Is(err, s3.ErrUnfinished) {
		r.setVerdict(binary.Open)
		return nil
	}
	if err != nil {
		return err
	}
	defer src.Close()
	r.Size = src.size
	if cast && src.isCast() {
		return r.readCast(src)
	}
	tail, err := binary.ReadTail(src.at, src.size)
	switch {
	case err == nil:
		r.fromTail(tail)
		return nil
	case errors.Is(err, binary.ErrNoEnd):
		return r.fromHead(src)
	}
	return err
}

func (r *logRow) fromTail(t *binary.Tail) {
	r.setVerdict(binary.Complete)
	if t.Recovered {
		r.setVerdict(binary.Recovered)
	}
	r.Digest, r.Messages = &t.Digest, &t.Messages
	r.setConn(t.Conn)
	r.Summary, r.summary = &tagged{t.Summary}, t.Summary
	r.Username, r.RemoteAddr = t.Summary.Username, t.Summary.RemoteAddr
	end, duration := exact(t.Summary.End), t.Summary.End-t.Summary.Start
	r.setStart(t.Summary.Start)
	r.End, r.DurationNs = &end, &duration
}

// maxHead is how many messages at its beginning are read of a log without an end. Who
// came and from where is among the first: before a login there may be no more than 32 KiB.
// A foreign message may have 16 MiB, so their bytes are counted too.
const (
	maxHead      = 1000
	maxHeadBytes = 1 << 20
)

// fromHead reads the beginning of a log without an end mark, up to the login.
func (r *logRow) fromHead(src *source) error {
	b := binary.NewReader(src.r)
	var err error
	for n, size := 0, 0; n < maxHead && size < maxHeadBytes && r.Username == nil; n++ {
		var m *binary.Message
		if m, err = b.Next(); err != nil {
			break
		}
		size += len(m.Bytes())
		ev, tooLarge := m.Event()
		if tooLarge != nil {
			ev.Body = &event.Unknown{Number: m.Type}
		}
		r.fromEvent(&ev, n == 0)
	}
	var fault *binary.Fault
	switch {
	case errors.As(err, &fault):
		r.setVerdict(src.judge(fault).Verdict)
		if r.verdict == binary.Open && r.Username == nil {
			return r.fromJournal(src, b.Messages())
		}
	case err != nil && err != io.EOF:
		return err
	case err == io.EOF:
		r.setVerdict(b.Verdict())
	default:
		r.setVerdict(unread(src))
	}
	return nil
}

// errEnough ends the reading of a journal.
var errEnough = errors.New("that is enough")

// fromJournal reads on where the log has no block yet, up to the login.
func (r *logRow) fromJournal(src *source, first uint64) error {
	err := src.readJournal(first, func(m *binary.Message) error {
		ev, err := m.Event()
		if err != nil {
			return err
		}
		r.fromEvent(&ev, m.Seq == 0)
		if r.Username != nil || r.GatewayLog || m.Seq > maxHead {
			return errEnough
		}
		return nil
	})
	if err == errEnough || errors.Is(err, record.ErrMoved) { // then the next listing knows more
		return nil
	}
	return err
}

// unread is the verdict that the two ends of a log without an end mark suggest.
func unread(src *source) binary.Verdict {
	head := make([]byte, 44)
	if _, err := src.at.ReadAt(head, 0); err == nil && (head[32] == 1 || head[43] == 0) {
		return binary.Foreign
	}
	if src.open {
		return binary.Open
	}
	return binary.Truncated
}

func (r *logRow) fromEvent(ev *event.Event, first bool) {
	if first {
		r.setConn(ev.Conn)
		r.setStart(ev.Time)
	}
	if r.GatewayLog {
		return
	}
	switch b := ev.Body.(type) {
	case *event.Connect:
		r.RemoteAddr = short(b.RemoteAddr)
	case *event.HandshakeSuccessful:
		r.Username = short(b.Username)
	}
}

func (r *logRow) setVerdict(v binary.Verdict) { r.verdict, r.Verdict = v, v.String() }

func (r *logRow) setStart(ns int64) {
	at := exact(ns)
	r.start, r.Start = ns, &at
}

func (r *logRow) setConn(id event.ConnID) {
	conn := shorter(string(id), maxDetail)
	r.ConnectionID, r.GatewayLog = &conn, id == event.Gateway
}

// gatewayLog is in the place of a user in the gateway's own logs.
const gatewayLog = "(gateway)"

// user is who came, for a person.
func (r *logRow) user() string {
	switch {
	case r.GatewayLog:
		return gatewayLog
	case r.Cast != nil && r.Cast.Title != "":
		return word(r.Cast.Title)
	case r.Username != nil:
		return word(*r.Username)
	}
	return "-"
}

func (r *logRow) from() string {
	if r.RemoteAddr == nil || *r.RemoteAddr == "" || r.GatewayLog {
		return "-"
	}
	return word(*r.RemoteAddr)
}

// shortID returns the first digits of an id: the time in milliseconds, and 12 bits that
// tell apart what began in the same one (RFC 9562 §5.7).
func shortID(id string) string {
	const digits = 16
	if id = shown(id); len(id) > digits {
		return cut(id, digits)
	}
	return id
}

// ran is what ran, for a person; of what could not be read it is why.
func (r *logRow) ran() string {
	switch {
	case r.Error != nil:
		return harmless(*r.Error)
	case r.GatewayLog:
		return "(record of access)"
	case r.Cast != nil && r.Cast.Command != "":
		return unlisted(r.Cast.Command)
	case r.Cast != nil:
		return fmt.Sprintf("(channel %d)", r.Cast.ChannelID)
	case r.summary == nil:
		return "-"
	}
	var parts []string
	for i := range r.summary.Channels {
		parts = append(parts, ranIn(&r.summary.Channels[i]))
	}
	if n := r.summary.ChannelsOmitted; n > 0 {
		parts = append(parts, fmt.Sprintf("(%d more)", n))
	}
	return listed(parts)
}

// ranIn is what ran in one channel. A summary does not tell a shell from nothing, but
// for that it had an end of its own.
func ranIn(c *event.ChannelSummary) string {
	switch {
	case c.Program != nil:
		return unlisted(*c.Program)
	case c.Subsystem != nil:
		return "(subsystem " + word(*c.Subsystem) + ")"
	case c.ChannelType == "session" && (c.ExitStatus != nil || c.ExitSignal != nil):
		return "(shell)"
	}
	return "(" + word(c.ChannelType) + ")"
}

// unlisted is a program's text that can't be taken for a list of several: what looks like
// one is quoted.
func unlisted(program string) string {
	if strings.Contains(program, "; ") || strings.Contains(program, "×") {
		return quote(program)
	}
	return shown(program)
}

// maxParts is how many things that ran are listed.
const maxParts = 32

// listed joins what ran; what follows itself is counted.
func listed(parts []string) string {
	if len(parts) == 0 {
		return "-"
	}
	var out []string
	for i := 0; i < len(parts); {
		n := i
		for n < len(parts) && parts[n] == parts[i] {
			n++
		}
		if len(out) == maxParts {
			out = append(out, fmt.Sprintf("(%d more)", len(parts)-i))
			break
		}
		if n-i > 1 {
			out = append(out, fmt.Sprintf("%s ×%d", parts[i], n-i))
		} else {
			out = append(out, parts[i])
		}
		i = n
	}
	return strings.Join(out, "; ")
}
