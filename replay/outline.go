package replay

import (
	"errors"
	"io"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

// outline finds the channels.
func (l *Log) outline(sparing bool, progress func(int64) error) error {
	if l.stream {
		return l.outlineStream(progress)
	}
	waiting := -1 // sessions that are not known yet; -1 if nobody knows how many there are
	tail, err := binary.ReadTail(l.r, l.size)
	switch {
	case err == nil:
		l.Ended = true
		waiting = l.summarize(tail.Summary)
		if sparing {
			l.summary = tail
		}
	case !errors.Is(err, binary.ErrNoEnd):
		return err
	}
	next, err := l.outlineBlocks(waiting, progress)
	if err == nil {
		err = l.more(next, l.observe)
	}
	if err == nil && waiting >= 0 {
		err = l.outlineBack()
	}
	l.closeAll()
	return err
}

// closeAll lets the channels that were not closed last as long as the log.
func (l *Log) closeAll() {
	for _, c := range l.Channels {
		if !c.Closed {
			c.End = max(c.Start, l.end)
		}
	}
}

// summarize takes what a summary knows, and returns how many channels ran something.
func (l *Log) summarize(s *event.Summary) int {
	l.User, l.Target = text(s.Username), text(s.Target)
	if s.ChannelsOmitted > 0 {
		return -1
	}
	n := 0
	for _, c := range s.Channels {
		if c.ChannelType == "session" {
			n++
		}
	}
	return n
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return brief(*s)
}

// outlineBlocks skips through the blocks, and reads those that may have something of interest.
// It returns the number of the message behind them.
func (l *Log) outlineBlocks(sessions int, progress func(int64) error) (uint64, error) {
	next := uint64(0)
	for offset := binary.FirstBlock; ; {
		h, err := binary.ReadHead(l.r, offset)
		if err == nil && h.Number != l.index.blocks {
			err = &binary.Fault{Verdict: binary.Tampered, Block: int(l.index.blocks), Offset: offset, Message: next, Why: "another block is in its place"}
		}
		if err != nil {
			return next, l.note(err)
		}
		wanted := has(&h, event.KindResize) ||
			l.unknown(sessions) && has(&h, event.KindRequest, event.KindOther, event.KindAuth)
		if wanted {
			if err := l.observeBlock(offset, l.observe); err != nil {
				return next, l.note(err)
			}
		}
		l.index.add(&h)
		l.end = max(l.end, h.To)
		next, offset = h.First+uint64(h.Messages), h.Next
		if err := progress(offset); err != nil {
			return next, err
		}
		if !l.unknown(sessions) && l.isOutlined() {
			return l.summary.Messages, nil
		}
	}
}

// isOutlined reports whether all is known that blocks further on could tell but for the ends of channels, and
// takes the places of these blocks from the summary then.
func (l *Log) isOutlined() bool {
	if l.summary == nil || l.resizes < l.summary.Summary.Kinds[event.KindResize] {
		return false
	}
	x, ok := indexOf(l.summary)
	if !ok {
		l.summary = nil
		return false
	}
	l.index, l.end = x, max(l.end, l.summary.Summary.End)
	return true
}

// unknown reports whether there may be a channel of which it is not known what it runs.
func (l *Log) unknown(sessions int) bool {
	if sessions < 0 || len(l.Channels) < sessions {
		return true
	}
	for _, c := range l.Channels {
		if c.Runs == "" {
			return true
		}
	}
	return false
}

func (l *Log) observeBlock(offset int64, observe func(*binary.Message) error) error {
	b, err := binary.ReadBlock(l.r, offset)
	if err != nil {
		return err
	}
	for i := range b.Messages {
		if err := observe(&b.Messages[i]); err != nil {
			return err
		}
	}
	return nil
}

// outlineBack looks for the ends of channels, from the last block on: by the headers alone, but for
// the blocks that may have one.
func (l *Log) outlineBack() error {
	for p := len(l.index.points) - 1; p >= 0; p-- {
		heads, err := l.group(p)
		if err != nil {
			return l.note(err)
		}
		for i := len(heads) - 1; i >= 0; i-- {
			if l.allEnded() {
				return nil
			}
			if !has(&heads[i], event.KindOther) {
				continue
			}
			if err := l.observeBlock(heads[i].Offset, l.observeEnd); err != nil {
				return l.note(err)
			}
		}
	}
	return nil
}

// allEnded reports whether nothing is left to be known of the ends of channels. How a program ended stands
// before the close of its channel.
func (l *Log) allEnded() bool {
	for _, c := range l.Channels {
		if !c.Closed || c.ExitStatus == nil && c.ExitSignal == "" && c.Runs != "refused" {
			return false
		}
	}
	return true
}

// observe takes note of a message. What is I/O is none of its business.
func (l *Log) observe(m *binary.Message) error {
	l.end = max(l.end, m.Time)
	if m.Type == typeIO {
		return nil
	}
	ev, err := m.Event()
	if err != nil {
		return nil // of a foreign log, and larger than anything that is looked for
	}
	if event.KindOf(ev.Body) == event.KindResize {
		l.resizes++
	}
	switch b := ev.Body.(type) {
	case *event.HandshakeSuccessful:
		l.User = brief(b.Username)
	case *event.NewChannel:
		if b.ChannelType == "session" {
			l.begin(&ev)
		}
	case *event.NewChannelSuccessful:
		if b.ChannelType == "session" && l.find(&ev) == nil {
			l.begin(&ev) // ContainerSSH has no word of the request for it
		}
	default:
		if c := l.find(&ev); c != nil {
			c.observe(&ev)
		}
	}
	return nil
}

func (l *Log) observeEnd(m *binary.Message) error {
	if m.Type == typeIO {
		return nil
	}
	ev, err := m.Event()
	if err != nil {
		return nil
	}
	if c := l.find(&ev); c != nil {
		c.observeEnd(&ev)
	}
	return nil
}

func (l *Log) begin(ev *event.Event) {
	if len(l.Channels) >= maxChannels {
		l.Omitted++
		return
	}
	l.Channels = append(l.Channels, &Channel{Number: ev.Channel, Start: ev.Time, conn: ev.Conn})
}

func (l *Log) find(ev *event.Event) *Channel {
	if !ev.Body.Type().OnChannel() {
		return nil
	}
	for i := len(l.Channels) - 1; i >= 0; i-- {
		if c := l.Channels[i]; c.Number == ev.Channel && c.conn == ev.Conn {
			return c
		}
	}
	return nil
}

// outlineStream reads all of a log that has no blocks.
func (l *Log) outlineStream(progress func(int64) error) error {
	section := io.NewSectionReader(l.r, 0, l.size)
	r := binary.NewReader(section)
	for {
		m, err := r.Next()
		if err != nil {
			l.Ended = err == io.EOF
			l.closeAll()
			return l.note(err)
		}
		if err := l.observe(m); err != nil {
			return err
		}
		if m.Seq%1024 == 0 {
			offset, _ := section.Seek(0, io.SeekCurrent) // a section always knows
			if err := progress(offset); err != nil {
				return err
			}
		}
	}
}
