package replay

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

// Log is a log that can be read anywhere. It is for one goroutine at a time.
type Log struct {
	// User and Target are whose session it is, and what the client was joined to; ""
	// if that is not known. They hold the peer's bytes.
	User, Target string
	// Channels are those that can be played, the sessions, in the order of opening.
	Channels []*Channel
	// Omitted is how many more there are than a Log lists.
	Omitted int
	// Ended says that the log has its end: it does not go on, and was not cut.
	Ended bool
	// Fault says where and why the log can't be read on, as far as it was read.
	Fault *binary.Fault

	r      io.ReaderAt
	size   int64
	more   More
	most   uint64 // messages
	stream bool   // ContainerSSH's: no blocks
	index  index
	end    int64 // time of the last event

	summary *binary.Tail // to be used instead of what it spares the reading of; nil: all is read
	resizes uint64       // events of that kind that were observed
}

// More calls each for the events of an open log that are in no block yet, from the one
// with the number first on, as far as there are any now.
type More func(first uint64, each func(*binary.Message) error) error

// Options say what else is known of a log.
type Options struct {
	More More // nil: there are no others
	// Messages is how many of the log are to be played at most, 0 all: of one that goes
	// wrong later, as a reader of the whole has found.
	Messages uint64
	// Sparing has Open look at no block that the log's summary makes needless to look at, for logs of
	// which each piece costs a request. What is wrong with a block is then found when it is played.
	Sparing bool
	// Progress, if it is not nil, is told up to which offset the log was read, and may
	// end Open by an error.
	Progress func(offset int64) error
}

// Open finds the channels of a log of this size. If nothing of it can be played, since it is none, the
// error is a [*binary.Fault]. What is read later may be more than size: a log that grows.
func Open(r io.ReaderAt, size int64, o Options) (*Log, error) {
	l := &Log{r: r, size: size, more: o.More, most: o.Messages}
	if l.most == 0 {
		l.most = math.MaxUint64
	}
	if l.more == nil {
		l.more = func(uint64, func(*binary.Message) error) error { return nil }
	}
	if o.Progress == nil {
		o.Progress = func(int64) error { return nil }
	}
	var fault *binary.Fault
	_, err := binary.NewReader(io.NewSectionReader(r, 0, size)).Next()
	if errors.As(err, &fault) && fault.Verdict == binary.NotALog {
		return nil, fault
	}
	_, err = binary.ReadHead(r, binary.FirstBlock)
	if errors.As(err, &fault) && fault.Verdict == binary.Tampered {
		l.stream = true
	}
	if err := l.outline(o.Sparing, o.Progress); err != nil {
		return nil, fmt.Errorf("look for channels: %w", err)
	}
	return l, nil
}

// Channel returns the channel with a number, nil if there is none to be played.
func (l *Log) Channel(number uint64) *Channel {
	for _, c := range l.Channels {
		if c.Number == number {
			return c
		}
	}
	return nil
}

// Main returns the channel that a person would want to see: the first with a terminal, else the
// first one; nil if there is none.
func (l *Log) Main() *Channel {
	for _, c := range l.Channels {
		if c.Terminal {
			return c
		}
	}
	if len(l.Channels) > 0 {
		return l.Channels[0]
	}
	return nil
}

// note keeps the fault that ends the log. What the error below is it returns.
func (l *Log) note(err error) error {
	var fault *binary.Fault
	if errors.As(err, &fault) {
		l.Fault = fault
		return nil
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// has reports whether a block may have events of one of the kinds.
func has(h *binary.Head, kinds ...event.Kind) bool {
	for _, k := range kinds {
		if h.Kinds&(1<<k) != 0 {
			return true
		}
	}
	return false
}
