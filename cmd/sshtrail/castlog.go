package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/sshtrail/sshtrail/codec/asciicast"
	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

// castLog makes a log of a cast, so that a cast is played as a log is: back and forth, and drawn by
// nothing but our own terminal. It is a file without a name, and no evidence of anything.
type castLog struct {
	f       *os.File
	w       *binary.Writer
	c       *binary.Compressor
	block   binary.Block
	summary event.Summary
	channel uint64
	last    int64
	buf     []byte
}

// castBlock is how large the blocks are, before they are compressed.
const castBlock = 128 << 10

// logOfCast returns the log of a cast. Where the cast goes wrong the log ends, and broken says why.
func logOfCast(src *source) (log *source, broken, err error) {
	f, err := os.CreateTemp("", "sshtrail-play-")
	if err != nil {
		return nil, nil, fmt.Errorf("make a file to play the cast from (in $TMPDIR): %w", cause(err))
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("remove %q: %w", f.Name(), cause(err))
	}
	l := &castLog{f: f, w: binary.NewWriter(), c: binary.NewCompressor(1)}
	_, l.channel, _ = asciicast.ParseName(src.name)
	if broken, err = l.fill(src.r); err != nil {
		f.Close()
		return nil, nil, err
	}
	size := l.w.Size()
	return &source{name: src.name, r: io.NewSectionReader(f, 0, size), at: f, size: size, Closer: f}, broken, nil
}

// fill reads the cast.
func (l *castLog) fill(r io.Reader) (broken, err error) {
	cast, err := asciicast.NewReader(r)
	if err != nil {
		return nil, err
	}
	if err := l.begin(cast.Header()); err != nil {
		return nil, err
	}
	start := l.last
	for {
		e, err := cast.Next()
		if errors.Is(err, io.EOF) {
			return nil, l.end()
		}
		if err != nil {
			return err, l.end()
		}
		l.last = max(l.last, start+int64(e.Time))
		if body := bodyOf(&e); body != nil {
			if err := l.add(body); err != nil {
				return nil, err
			}
		}
	}
}

// bodyOf is what a line of a cast says, as an event.
func bodyOf(e *asciicast.Entry) event.Body {
	switch e.Code {
	case 'o':
		return &event.IO{Stream: event.Stdout, Data: []byte(e.Data)}
	case 'i':
		return &event.IO{Stream: event.Stdin, Data: []byte(e.Data)}
	case 'm':
		return &event.Exec{Program: e.Data}
	case 'r':
		columns, rows, err := e.Size()
		if err != nil {
			return nil
		}
		return &event.Window{Columns: uint32(columns), Rows: uint32(rows)}
	case 'x':
		status, _ := strconv.ParseUint(e.Data, 10, 32) // what is no number is nobody's status
		return &event.Exit{ExitStatus: uint32(status)}
	}
	return nil
}

func (l *castLog) begin(h asciicast.Header) error {
	l.last = castStart(h.Timestamp)
	title := *short(h.Title)
	l.summary = event.Summary{Version: 1, Start: l.last, Channels: []event.ChannelSummary{{ChannelID: l.channel, ChannelType: "session"}}}
	if title != "" {
		l.summary.Username = &title
	}
	if err := l.write(l.w.AppendHeader(nil)); err != nil {
		return err
	}
	for _, body := range []event.Body{
		&event.NewChannel{ChannelType: "session"}, &event.NewChannelSuccessful{ChannelType: "session"},
		&event.Pty{Term: h.Term, Columns: uint32(h.Columns), Rows: uint32(h.Rows)}, &event.Shell{RequestID: 1},
	} {
		if err := l.add(body); err != nil {
			return err
		}
	}
	return nil
}

func (l *castLog) add(body event.Body) error {
	plain, err := binary.AppendMessage(l.block.Plain, &event.Event{Conn: "cast", Time: l.last, Channel: l.channel, Body: body})
	if err != nil {
		return fmt.Errorf("make an event of a cast: %w", err)
	}
	l.block.Plain = plain
	if l.block.Messages++; l.block.Messages == 1 {
		l.block.From = l.last
	}
	kind := event.KindOf(body)
	l.block.To, l.block.Kinds = l.last, l.block.Kinds|1<<kind
	if _, ok := body.(*event.Summary); ok {
		return nil
	}
	l.summary.End = l.last
	l.summary.Kinds[kind]++
	if b, ok := body.(*event.IO); ok {
		add(&l.summary.Bytes.Stdin, &l.summary.Bytes.Stdout, &l.summary.Bytes.Stderr, b)
	}
	if len(plain) >= castBlock {
		return l.flush()
	}
	return nil
}

func (l *castLog) flush() error {
	if l.block.Messages == 0 {
		return nil
	}
	out, err := l.w.AppendBlock(l.buf[:0], l.block, l.c, 1)
	if err != nil {
		return fmt.Errorf("make a log of the cast: %w", err)
	}
	l.buf, l.block = out, binary.Block{Plain: l.block.Plain[:0]}
	return l.write(out)
}

func (l *castLog) end() error {
	if err := l.add(&event.Close{By: event.ByTarget}); err != nil {
		return err
	}
	if err := l.flush(); err != nil {
		return err
	}
	l.summary.Index = l.w.Index(l.last)
	if err := l.add(&l.summary); err != nil {
		return err
	}
	if err := l.flush(); err != nil {
		return err
	}
	return l.write(l.w.AppendEnd(nil))
}

func (l *castLog) write(p []byte) error {
	if _, err := l.f.Write(p); err != nil {
		return fmt.Errorf("write a file to play the cast from (in $TMPDIR): %w", cause(err))
	}
	return nil
}
