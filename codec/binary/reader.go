package binary

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/sshtrail/sshtrail/event"
)

// window is how much of a stream is looked at before it is consumed.
const window = 64 << 10

// version1 is ContainerSSH's first format.
const version1 = "\x01\x00\x00\x00\x00\x00\x00\x00"

// gzipMagic begins every member (RFC 1952 §2.3.1), and behind it stand its flags.
const gzipMagic = "\x1f\x8b\x08"

// Reader reads a log from its beginning and finds out its [Verdict]. It takes our own
// format and both versions of ContainerSSH's. Whatever the input, it needs time in
// proportion to its size, and less than 64 MiB of memory. It is for one goroutine at a time.
type Reader struct {
	src     *bufio.Reader
	own     *blocks        // of a log of ours
	ahead   *ahead         // what reads its blocks before their turn; may be nil
	other   *foreign       // of one of ContainerSSH's
	next    int            // message of the current block
	err     error          // how it ended
	verdict Verdict        // once it has
	summary *event.Summary // of a whole log
	digest  string
}

// NewReader returns a Reader of a whole file. It reads nothing yet, and more than it needs
// later: what follows in r is lost.
func NewReader(r io.Reader) *Reader {
	return &Reader{src: bufio.NewReaderSize(r, window)}
}

// Next returns the next message. Only messages of blocks that are whole and good as
// far as it can be known then are returned; a foreign file has no such blocks. The
// error is io.EOF after the last message of a complete, recovered or foreign log, a
// [*Fault] for any other verdict, and else the error of the reader below. It stays.
// The message is valid until the next call.
func (r *Reader) Next() (*Message, error) {
	for r.err == nil {
		switch {
		case r.own != nil && r.next < len(r.own.messages):
			r.next++
			return &r.own.messages[r.next-1], nil
		case r.own != nil:
			r.err = r.block()
		case r.other != nil:
			m, err := r.other.next()
			if err == nil {
				return m, nil
			}
			r.err = r.endForeign(err)
		default:
			r.err = r.begin()
		}
	}
	return nil, r.err
}

// Events yields the events of the log. It ends after the first error, which is never
// io.EOF. The events are the caller's to keep.
func (r *Reader) Events() iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		for {
			m, err := r.Next()
			if err == io.EOF {
				return
			}
			var ev event.Event
			if err == nil {
				ev, err = m.Event()
			}
			if !yield(ev, err) || err != nil {
				return
			}
		}
	}
}

// Verdict returns the verdict once Next has returned io.EOF or a [*Fault].
func (r *Reader) Verdict() Verdict { return r.verdict }

// Digest returns what names the whole log: the SHA-256 of the end mark, in lower-case
// hexadecimal digits. It is "" where there is no end mark, or none yet.
func (r *Reader) Digest() string { return r.digest }

// Summary returns the summary of a log that was read to its end mark, else nil.
func (r *Reader) Summary() *event.Summary { return r.summary }

// Blocks returns how many whole data blocks were read.
func (r *Reader) Blocks() int {
	if r.own == nil {
		return 0
	}
	return int(r.own.chain.blocks)
}

// Messages returns how many messages there are in what was read and found good.
func (r *Reader) Messages() uint64 {
	switch {
	case r.own != nil:
		return r.own.chain.messages
	case r.other != nil:
		return r.other.messages
	}
	return 0
}

// begin reads the file's header and finds out whose it is.
func (r *Reader) begin() error {
	head := make([]byte, len(fileHeader))
	n, err := io.ReadFull(r.src, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return readError(err)
	}
	head = head[:n]
	if n == len(fileHeader) && string(head[:len(magic)]) == magic {
		switch string(head[len(magic):]) {
		case version1:
			r.other = newForeign(r.src, 1)
			return nil
		case version2:
			return r.beginVersion2()
		}
	}
	return r.notALog(head)
}

// notALog returns the fault for a header that is not whole or not right.
func (r *Reader) notALog(head []byte) error {
	written := bytes.TrimRight(head, "\x00")
	if bytes.HasPrefix([]byte(fileHeader), written) || bytes.HasPrefix([]byte(magic+version1), written) {
		nothing, err := onlyNULs(r.src)
		if err != nil {
			return err
		}
		if nothing {
			return r.fault(Truncated, "the file ends within its header")
		}
	}
	if len(head) < len(fileHeader) || string(head[:len(magic)]) != magic {
		return r.fault(NotALog, fmt.Sprintf("it does not begin with %q", bytes.TrimRight([]byte(magic), "\x00")))
	}
	version := uint64(0)
	for i, b := range head[len(magic):] {
		version |= uint64(b) << (8 * i)
	}
	return r.fault(NotALog, fmt.Sprintf("it is of version %d, and this program reads versions 1 and 2: a newer one may read it", version))
}

// beginVersion2 finds out whether version 2 is ours: the flags of the first member say
// it. Up to them the two can't be told apart.
func (r *Reader) beginVersion2() error {
	p, err := r.src.Peek(window)
	if err != nil && err != io.EOF {
		return readError(err)
	}
	if len(p) > len(gzipMagic) && string(p[:len(gzipMagic)]) == gzipMagic && p[len(gzipMagic)] == 0 {
		if written := bytes.TrimRight(p, "\x00"); len(written) > len(gzipMagic) {
			r.other = newForeign(r.src, 2)
			return nil
		}
	}
	r.own = newBlocks()
	return nil
}

// endForeign turns the error that ended a foreign file into the Reader's.
func (r *Reader) endForeign(err error) error {
	var bad *badForeign
	switch {
	case err == io.EOF:
		r.verdict = Foreign
		return io.EOF
	case errors.As(err, &bad):
		return r.fault(Tampered, bad.why)
	}
	return readError(err)
}

// block reads the next block of a log of ours, or what there is instead.
func (r *Reader) block() error {
	o := r.own
	r.next = 0
	o.messages, o.before = o.messages[:0], o.check.tally
	if r.ahead != nil {
		if r.ahead.adopt(r) {
			return nil
		}
		r.ahead = nil
	}
	p, err := o.member(r.src, blockHead)
	if err != nil {
		return err
	}
	h, end, flaw := o.chain.readHead(p, o.check.tally.sealed)
	if len(p) == blockHead && flaw == nil {
		size := int(h.size)
		if end {
			size = endSize
		}
		if p, err = o.member(r.src, size); err != nil {
			return err
		}
		if len(p) == size {
			if end {
				return r.endMark(p)
			}
			if flaw = o.read(p, &h); flaw == nil {
				return nil
			}
		}
	}
	return r.cut(p, flaw)
}

// endMark ends a log whose last member is p.
func (r *Reader) endMark(p []byte) error {
	o := r.own
	if _, _, err := o.chain.readHead(p, true); err != nil {
		return r.cut(p, err)
	}
	if n, err := io.Copy(io.Discard, r.src); err != nil {
		return readError(err)
	} else if n > 0 {
		return r.fault(Tampered, fmt.Sprintf("something follows the end mark, %d bytes long", n))
	}
	r.verdict, r.digest, r.summary = Complete, digestOf(p), o.summary
	if o.chain.recovered {
		r.verdict = Recovered
	}
	return io.EOF
}

// cut gives the verdict on the part p of a member behind which the file ends, or seems to. Of
// a whole member flaw says what is wrong with it: it is truncated all the same if it
// ends in NUL bytes, and the file too, and what is before them is good (file systems
// leave such a tail after a power cut).
func (r *Reader) cut(p []byte, flaw error) error {
	o := r.own
	nothing, err := onlyNULs(r.src)
	if err != nil {
		return err
	}
	written := bytes.TrimRight(p, "\x00")
	if !nothing || flaw != nil && len(written) == len(p) {
		return r.fault(Tampered, flaw.Error())
	}
	if err := o.readCut(written); err != nil {
		if flaw == nil {
			flaw = err
		}
		return r.fault(Tampered, flaw.Error())
	}
	if len(written) == 0 {
		return r.fault(Truncated, "the file ends without an end mark")
	}
	return r.fault(Truncated, fmt.Sprintf("the file ends %d bytes into this block", len(written)))
}

// fault ends the reading with a verdict.
func (r *Reader) fault(v Verdict, why string) error {
	r.verdict = v
	f := &Fault{Verdict: v, Why: why}
	switch {
	case r.own != nil:
		f.Block, f.Offset = int(r.own.chain.blocks), r.own.chain.size
		if f.Message = r.own.chain.messages; v == Tampered {
			f.Message = r.own.check.tally.messages
		}
	case r.other != nil:
		f.Block, f.Offset, f.Message = -1, r.other.offset(), r.other.messages
	}
	return f
}

func readError(err error) error { return fmt.Errorf("read log: %w", err) }

// onlyNULs reads to the end and reports whether there is nothing but NUL bytes.
func onlyNULs(src *bufio.Reader) (bool, error) {
	for {
		_, err := src.Peek(1)
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, readError(err)
		}
		p, _ := src.Peek(src.Buffered())
		if len(bytes.TrimLeft(p, "\x00")) > 0 {
			return false, nil
		}
		src.Discard(len(p))
	}
}
