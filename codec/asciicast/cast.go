package asciicast

import (
	"io"
	"strconv"

	"github.com/sshtrail/sshtrail/event"
)

// maxPiece is how many bytes of data are in one line at most: with every one of them
// escaped a line is below the limit of [Reader].
const maxPiece = 64 << 10

// cast is one in the making.
type cast struct {
	channel uint64
	start   int64 // ns since 1970
	last    int64 // µs since then, of the last line
	w       io.WriteCloser

	columns, rows int
	command       string
	pty, shell    answerable // TERM and SHELL

	run struct {
		asked bool // and not marked yet
		id    uint64
		at    int64
		label string
	}
	exit struct {
		status string
		at     int64
	}
	streams [3]joiner // by event.Stream
}

// answerable is what a request says, which may be refused.
type answerable struct {
	asked bool
	id    uint64
	text  string
}

func newCast(ev *event.Event) *cast {
	return &cast{channel: ev.Channel, start: ev.Time, columns: usualColumns, rows: usualRows}
}

// observe takes note of what is in the header, and of what comes with later lines.
func (c *cast) observe(ev *event.Event) {
	switch b := ev.Body.(type) {
	case *event.Pty:
		if c.w == nil {
			c.pty = answerable{true, b.RequestID, brief(b.Term)}
			c.columns, c.rows = sized(b.Columns, usualColumns, largestColumns), sized(b.Rows, usualRows, largestRows)
		}
	case *event.SetEnv:
		if b.Name == "SHELL" {
			c.shell = answerable{true, b.RequestID, brief(b.Value)}
		}
	case *event.Exec:
		c.ask(ev.Time, b.RequestID, b.Program, b.Program)
	case *event.Shell:
		c.ask(ev.Time, b.RequestID, "shell", "")
	case *event.Subsystem:
		c.ask(ev.Time, b.RequestID, "subsystem "+b.Subsystem, "")
	case *event.ForcedCommand:
		if c.run.asked && c.run.id == b.RequestID {
			c.run.label, c.command = brief(b.Program), brief(b.Program)
		}
	case *event.RequestFailed:
		c.refuse(b.RequestID)
	case *event.Exit:
		c.exit.status, c.exit.at = strconv.FormatUint(uint64(b.ExitStatus), 10), ev.Time
	case *event.ExitSignal:
		c.exit.status, c.exit.at = strconv.Itoa(shellStatus(b.Signal)), ev.Time
	}
}

// ask takes note of a program that is to start. Whether it does is known with the answer,
// or with its output, since not every request wants an answer.
func (c *cast) ask(at int64, id uint64, label, command string) {
	c.run.asked, c.run.id, c.run.at, c.run.label = true, id, at, brief(label)
	c.command = brief(command)
}

// refuse forgets what was asked for in vain.
func (c *cast) refuse(id uint64) {
	if c.run.asked && c.run.id == id {
		c.run.asked, c.command = false, ""
	}
	if c.pty.asked && c.pty.id == id {
		c.pty = answerable{}
		c.columns, c.rows = usualColumns, usualRows
	}
	if c.shell.asked && c.shell.id == id {
		c.shell = answerable{}
	}
}

func (c *cast) header(v Version, title string, start int64) Header {
	return Header{
		Version: v, Columns: c.columns, Rows: c.rows, Timestamp: start / 1e9,
		Command: c.command, Title: title, Term: c.pty.text, Shell: c.shell.text,
	}
}

// appendStart appends the beginning of a line, up to its data. Times are whole
// microseconds since the cast's start, so that version 3's intervals add up to them.
func (c *cast) appendStart(dst []byte, v Version, us int64, code byte) []byte {
	if v == V3 {
		us -= c.last
	}
	dst = strconv.AppendInt(append(dst, '['), us/1e6, 10)
	at := len(dst)
	dst = append(dst, ".000000"...)
	for i, rest := at+6, us%1e6; rest > 0; i, rest = i-1, rest/10 {
		dst[i] = byte('0' + rest%10)
	}
	return append(append(append(dst, `, "`...), code), `", "`...)
}

func appendEnd(dst []byte) []byte { return append(dst, "\"]\n"...) }

// shellStatus is the exit status that a shell gives a program which a signal ended: 128
// and the number that POSIX has for it, or Linux; 255 for other names (RFC 4254 §6.10).
func shellStatus(signal string) int {
	number, ok := map[string]int{
		"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "ABRT": 6, "FPE": 8, "KILL": 9,
		"USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15,
	}[signal]
	if !ok {
		return 255
	}
	return 128 + number
}
