package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/sshtrail/sshtrail/codec"
	"github.com/sshtrail/sshtrail/codec/asciicast"
	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/storage"
)

// A cast is a view of one terminal, which may stand beside its log, or alone: 'format: asciinema'
// makes them. It is no log: there is nothing in it to be checked.

// stored is what ls has a row for: a log with its casts, or a cast whose log is not there.
type stored struct {
	info  storage.Info
	cast  bool
	casts uint64
}

// eachListed calls each for the logs of a store from a name on, in their order, and for casts without one. A log's casts
// follow it, so that it is told when they are known.
func eachListed(ctx context.Context, s shelf, from storage.Name, each func(stored) error) error {
	var held *stored
	tell := func() error {
		if held == nil {
			return nil
		}
		l := *held
		held = nil
		return each(l)
	}
	err := eachLog(ctx, s, from, func(info storage.Info) error {
		conn, _, cast := asciicast.ParseName(string(info.Name))
		if cast && held != nil && held.info.Name == storage.Name(conn) {
			held.casts++
			return nil
		}
		if err := tell(); err != nil {
			return err
		}
		held = &stored{info: info, cast: cast}
		return nil
	})
	if err != nil {
		return err
	}
	return tell()
}

// castAccount is what ls tells of a cast, in the keys of its JSON.
type castAccount struct {
	Log       string `json:"log"` // whose cast it is
	ChannelID uint64 `json:"channelId"`
	Version   int    `json:"version"`
	Title     string `json:"title"` // user@target, or the user alone
	Command   string `json:"command"`
	Columns   int    `json:"columns"`
	Rows      int    `json:"rows"`
}

// castVerdict is in the place of the verdict on a log: there can be none.
const castVerdict = "cast"

// readCast reads the header of a cast, and when its last line was written.
func (r *logRow) readCast(src *source) error {
	c, err := asciicast.NewReader(io.NewSectionReader(src.at, 0, src.size))
	if err != nil {
		return err
	}
	h := c.Header()
	conn, channel, _ := asciicast.ParseName(string(r.Log))
	r.Cast = &castAccount{*short(string(conn)), channel, int(h.Version), *short(h.Title), *short(h.Command), h.Columns, h.Rows}
	r.setStart(castStart(h.Timestamp))
	length, known, err := asciicast.Length(src.at, src.size)
	if err != nil {
		return err
	}
	if known {
		end, duration := exact(r.start+int64(length)), int64(length)
		r.End, r.DurationNs = &end, &duration
	}
	switch r.Verdict = castVerdict; {
	case r.Finished:
	case src.open:
		r.setVerdict(binary.Open)
	default:
		r.setVerdict(binary.Truncated)
	}
	return nil
}

// castStart is a header's timestamp in nanoseconds, where it makes sense.
func castStart(seconds int64) int64 {
	const most = 1 << 33
	return max(0, min(seconds, most)) * int64(time.Second)
}

// castHead is within how much of a cast its header must end: there may be a long title in it.
const castHead = 64 << 10

// isCast reports whether a source begins as a cast does, without using it up.
func (s *source) isCast() bool {
	head := make([]byte, castHead)
	if s.at != nil {
		if n, _ := s.at.ReadAt(head[:16], 0); codec.Detect(head[:n]) != "" {
			return false // without reading more of what may be far away
		}
		n, _ := s.at.ReadAt(head, 0) // what can't be read the command itself meets
		head = head[:n]
	} else {
		buffered := bufio.NewReaderSize(s.r, len(head))
		s.r = buffered
		head, _ = buffered.Peek(len(head)) // the same
	}
	_, err := asciicast.NewReader(bytes.NewReader(head))
	return err == nil
}

// noCast is for commands that read logs.
func (s *source) noCast() error {
	if !s.isCast() {
		return nil
	}
	text := fmt.Sprintf("%s is a cast, a view of one terminal for asciinema, and no log: 'sshtrail play' plays it", word(s.name))
	if conn, _, ok := asciicast.ParseName(s.name); ok {
		text += fmt.Sprintf("; the log, if it was recorded too, is %s", word(string(conn)))
	}
	return fmt.Errorf("%s", text)
}
