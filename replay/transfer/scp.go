package transfer

import (
	"bytes"
	"strconv"
	"strings"
)

// scp follows the protocol of rcp and scp, for which there is no standard but the programs (OpenSSH's
// scp.c): who sends files writes a line for each, C0644 SIZE NAME, then its bytes and a 0; D0755 0 NAME
// begins a folder, E ends one, T has times. Who takes them answers each with a 0, or with
// a 1 or 2 and a line that says what is wrong; a file that is answered so is not sent.
type scp struct {
	s      *session
	upload bool
	root   string   // what the command line names
	dirs   []string // that were begun

	sender  line
	taker   line
	file    *Action
	left    uint64 // bytes of it
	ends    bool   // its bytes are there, and the byte behind them is to come
	closing bool   // that is there too, and the answer to it is to come
	answers bool   // of the taker are recorded
}

const maxDepth = 64

func newSCP(s *session, root string, upload bool) *scp { return &scp{s: s, root: root, upload: upload} }

func (c *scp) hear(fromClient bool, at int64, p []byte) string {
	if fromClient == c.upload {
		return c.send(at, p)
	}
	c.answers = true
	return c.answer(at, p)
}

// send takes bytes of the one who sends files.
func (c *scp) send(at int64, p []byte) string {
	for len(p) > 0 {
		if c.file != nil && c.left > 0 {
			n := min(c.left, uint64(len(p)))
			c.carried(n)
			p = p[n:]
			continue
		}
		if c.ends && c.sender.empty() {
			if p[0] > 2 {
				return "the bytes of a file are not as many as were said"
			}
			if p[0] == 0 {
				c.sent(at)
				p = p[1:]
				continue
			}
		}
		text, rest, ok := c.sender.read(p)
		p = rest
		switch {
		case !ok && c.sender.full():
			return "a line has no end"
		case ok:
			if lost := c.said(at, text); lost != "" {
				return lost
			}
		}
	}
	return ""
}

func (c *scp) carried(n uint64) {
	c.left -= n
	c.ends = c.left == 0
	if c.upload {
		c.file.Written += n
		c.s.Written += n
	} else {
		c.file.Read += n
		c.s.Read += n
	}
}

// sent says that a file is whole. Whether it arrived, the taker says.
func (c *scp) sent(at int64) {
	c.ends = false
	if c.closing = c.answers; !c.closing {
		c.done(at, "")
	}
}

// said takes a line of the one who sends.
func (c *scp) said(at int64, text string) string {
	if text == "" {
		return ""
	}
	if c.closing {
		c.done(at, "")
	}
	switch rest := text[1:]; text[0] {
	case 0:
		return ""
	case 1, 2:
		if c.file != nil {
			c.done(at, rest)
			return ""
		}
		c.failed(at, rest)
	case 'C':
		return c.begin(at, rest)
	case 'D':
		_, name, ok := header(rest)
		if !ok || len(c.dirs) == maxDepth {
			return "a folder is not as it should be"
		}
		c.dirs = append(c.dirs, cut(name))
	case 'E':
		if len(c.dirs) > 0 {
			c.dirs = c.dirs[:len(c.dirs)-1]
		}
	case 'T':
	default:
		return "a line is none of scp's"
	}
	return ""
}

func (c *scp) begin(at int64, rest string) string {
	size, name, ok := header(rest)
	if !ok || c.file != nil {
		return "a file does not begin as it should"
	}
	c.file = c.s.begun(at, File, c.root, strings.Join(append(c.dirs[:len(c.dirs):len(c.dirs)], name), "/"))
	c.file.Size, c.left, c.ends = &size, size, size == 0
	return ""
}

// header reads 0644 SIZE NAME.
func header(s string) (size uint64, name string, ok bool) {
	_, s, _ = strings.Cut(s, " ")
	number, name, ok := strings.Cut(s, " ")
	size, err := strconv.ParseUint(number, 10, 63)
	return size, name, ok && err == nil
}

// done ends the file.
func (c *scp) done(at int64, failed string) {
	a := c.file
	c.file, c.left, c.ends, c.closing = nil, 0, false, false
	a.End, a.Failed = at, cut(failed)
	c.s.tell(a)
}

// answer takes bytes of the one who takes files.
func (c *scp) answer(at int64, p []byte) string {
	for len(p) > 0 {
		if c.taker.empty() && p[0] != 1 && p[0] != 2 {
			if c.closing && p[0] == 0 {
				c.done(at, "")
			}
			p = p[1:]
			continue
		}
		text, rest, ok := c.taker.read(p)
		p = rest
		switch {
		case !ok && c.taker.full():
			return "a line has no end"
		case ok && c.file != nil:
			c.done(at, text[1:])
		case ok:
			c.failed(at, text[1:])
		}
	}
	return ""
}

// failed tells what went wrong before there was a file.
func (c *scp) failed(at int64, why string) {
	a := c.s.begun(at, File, c.root, "")
	a.Failed, a.End = cut(why), at
	c.s.tell(a)
}

func (c *scp) finish() {
	if c.file != nil {
		a := c.file
		c.file = nil
		c.s.tell(a)
	}
}

// line is a line in the making.
type line struct{ held []byte }

const maxLine = 8 << 10

func (l *line) empty() bool { return len(l.held) == 0 }
func (l *line) full() bool  { return len(l.held) > maxLine }

// read takes the rest of the line, if that is there.
func (l *line) read(p []byte) (text string, rest []byte, ok bool) {
	if l.empty() && p[0] == 0 {
		return "\x00", p[1:], true
	}
	i := bytes.IndexByte(p, '\n')
	if i < 0 {
		l.held = append(l.held, p[:min(len(p), maxLine+1-len(l.held))]...)
		return "", nil, false
	}
	if len(l.held)+i > maxLine {
		l.held = append(l.held, make([]byte, maxLine+1-len(l.held))...)
		return "", nil, false
	}
	text = string(l.held) + string(p[:i])
	l.held = l.held[:0]
	return text, p[i+1:], true
}
