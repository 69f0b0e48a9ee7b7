package asciicast

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// MaxLine is the longest line that a [Reader] takes, in bytes.
const MaxLine = 1 << 20

// Entry is one line of a cast behind the header.
type Entry struct {
	Time time.Duration // since the beginning, to the microsecond
	Code byte          // 'o' output, 'i' input, 'r' resize, 'm' marker, 'x' exit
	Data string
}

// Reader reads a cast of version 2 or 3, whoever wrote it. What it holds at a time is
// bounded.
type Reader struct {
	lines  *bufio.Scanner
	line   int
	header Header
	last   time.Duration
	err    error
}

// NewReader reads the header.
func NewReader(r io.Reader) (*Reader, error) {
	c := &Reader{lines: bufio.NewScanner(r)}
	c.lines.Buffer(nil, MaxLine)
	line, err := c.next()
	if err == io.EOF {
		return nil, errors.New("read cast: it is empty")
	}
	if err != nil {
		return nil, err
	}
	if err := c.readHeader(line); err != nil {
		return nil, c.fail(err)
	}
	return c, nil
}

// Header returns the header.
func (r *Reader) Header() Header { return r.header }

// Next returns the next line that it knows the code of. The error is io.EOF after the
// last one. It stays.
func (r *Reader) Next() (Entry, error) {
	for r.err == nil {
		line, err := r.next()
		if err != nil {
			r.err = err
			break
		}
		if len(line) == 0 || line[0] == '#' { // a comment, in version 3
			continue
		}
		entry, known, err := r.entry(line)
		if err != nil {
			r.err = r.fail(err)
		} else if known {
			return entry, nil
		}
	}
	return Entry{}, r.err
}

func (r *Reader) next() ([]byte, error) {
	if r.lines.Scan() {
		r.line++
		return bytes.TrimSuffix(r.lines.Bytes(), []byte("\r")), nil
	}
	if err := r.lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("read cast: line %d is longer than %d bytes", r.line+1, MaxLine)
	} else if err != nil {
		return nil, fmt.Errorf("read cast: %w", err)
	}
	return nil, io.EOF
}

func (r *Reader) fail(err error) error { return fmt.Errorf("read cast: line %d: %w", r.line, err) }

func (r *Reader) readHeader(line []byte) error {
	var h struct {
		Version       Version
		Width, Height int
		Term          struct {
			Cols, Rows int
			Type       string
		}
		Timestamp      int64
		Command, Title string
		Env            map[string]string
	}
	if err := json.Unmarshal(line, &h); err != nil {
		return fmt.Errorf("no header: %w", err)
	}
	r.header = Header{
		Version: h.Version, Columns: h.Width, Rows: h.Height, Timestamp: h.Timestamp,
		Command: h.Command, Title: h.Title, Term: h.Env["TERM"], Shell: h.Env["SHELL"],
	}
	switch h.Version {
	case V2:
	case V3:
		r.header.Columns, r.header.Rows = h.Term.Cols, h.Term.Rows
		if h.Term.Type != "" {
			r.header.Term = h.Term.Type
		}
	default:
		return fmt.Errorf("version %d: 2 and 3 can be read", h.Version)
	}
	return checkSize(r.header.Columns, r.header.Rows)
}

func checkSize(columns, rows int) error {
	const most = 1<<16 - 1
	if columns < 1 || columns > most || rows < 1 || rows > most {
		return fmt.Errorf("a terminal of %d×%d", columns, rows)
	}
	return nil
}

// entry takes a line apart. Codes that are not known are for others to know.
func (r *Reader) entry(line []byte) (e Entry, known bool, err error) {
	var parts []json.RawMessage
	if err := json.Unmarshal(line, &parts); err != nil {
		return e, false, fmt.Errorf("no event: %w", err)
	}
	if len(parts) != 3 {
		return e, false, fmt.Errorf("an event has 3 parts, not %d", len(parts))
	}
	var seconds float64
	var code string
	if err := json.Unmarshal(parts[0], &seconds); err != nil {
		return e, false, fmt.Errorf("no time: %w", err)
	}
	if err := json.Unmarshal(parts[1], &code); err != nil {
		return e, false, fmt.Errorf("no code: %w", err)
	}
	if e.Time, err = r.time(seconds); err != nil {
		return e, false, err
	}
	switch code {
	case "o", "i", "m", "r", "x":
	default:
		return e, false, nil
	}
	if err := json.Unmarshal(parts[2], &e.Data); err != nil {
		return e, false, fmt.Errorf("no data: %w", err)
	}
	e.Code = code[0]
	if e.Code == 'r' {
		_, _, err = e.Size()
	}
	return e, true, err
}

// time returns the time since the beginning.
func (r *Reader) time(seconds float64) (time.Duration, error) {
	const most = 1 << 33 // of seconds: within this, floats tell microseconds apart
	at := time.Duration(0)
	if r.header.Version == V3 {
		at = r.last
	}
	if !(seconds >= 0 && seconds+at.Seconds() <= most) {
		return 0, fmt.Errorf("a time of %g s", seconds)
	}
	r.last = at + time.Duration(math.Round(seconds*1e6))*time.Microsecond
	return r.last, nil
}

// Size returns what an entry 'r' says.
func (e *Entry) Size() (columns, rows int, err error) {
	var rest string
	if n, _ := fmt.Sscanf(e.Data, "%dx%d%s", &columns, &rows, &rest); n != 2 {
		return 0, 0, fmt.Errorf("a size of %.20q", e.Data)
	}
	return columns, rows, checkSize(columns, rows)
}
