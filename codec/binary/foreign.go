package binary

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"

	"github.com/sshtrail/sshtrail/internal/cbor"
)

// Limits of what ContainerSSH can have written.
const (
	maxForeign     = 16 << 20
	maxForeignDeep = 32
)

// foreign reads ContainerSSH's own files: version 1 is a gzip stream with one array of
// indefinite length, version 2 one with an item for each message. Neither is ever
// closed by its writer, so wherever the bytes end it is said to be whole.
type foreign struct {
	version  int
	members  *members
	items    *cbor.Reader
	content  *bufio.Reader
	begun    bool
	messages uint64
	item     []byte
	m        Message
	form     canonical
}

// badForeign is what ContainerSSH does not write.
type badForeign struct{ why string }

func (b *badForeign) Error() string { return b.why }

func newForeign(src *bufio.Reader, version int) *foreign {
	m := &members{src: &trimmed{src: src}, crc: crc32.NewIEEE()}
	content := bufio.NewReaderSize(m, window)
	return &foreign{
		version: version,
		members: m,
		content: content,
		items:   cbor.NewReader(content, maxForeign, maxForeignDeep),
	}
}

// offset returns about where in the file reading is.
func (f *foreign) offset() int64 { return int64(len(fileHeader)) + f.members.src.given }

// next returns the next message, io.EOF behind the last one.
func (f *foreign) next() (*Message, error) {
	if f.version == 1 {
		if err := f.array(); err != nil {
			return nil, cutIsEnd(err)
		}
	}
	item, err := f.items.Append(f.item[:0])
	f.item = item
	var syntax *cbor.SyntaxError
	if errors.As(err, &syntax) {
		return nil, &badForeign{"it is not well-formed CBOR: " + syntax.Why}
	}
	if err != nil {
		return nil, cutIsEnd(err)
	}
	if err := f.form.message(&f.m, item); err != nil {
		return nil, &badForeign{"it " + err.Error()}
	}
	f.m.Seq = f.messages
	f.messages++
	return &f.m, nil
}

// cutIsEnd makes the end of a file that was cut a good end.
func cutIsEnd(err error) error {
	if err == io.ErrUnexpectedEOF {
		return io.EOF
	}
	return err
}

// array reads what version 1 has around its messages: the head of the array before the
// first one, and the break behind the last, which nothing follows.
func (f *foreign) array() error {
	const head, end = 0x9f, 0xff
	b, err := f.content.Peek(1)
	if err != nil {
		return err
	}
	if !f.begun {
		if b[0] != head {
			return &badForeign{"version 1 without the array that it is"}
		}
		f.content.Discard(1)
		f.begun = true
		if b, err = f.content.Peek(1); err != nil {
			return err
		}
	}
	if b[0] != end {
		return nil
	}
	f.content.Discard(1)
	if _, err = f.content.Peek(1); err == nil {
		err = &badForeign{"something follows the end of the array"}
	}
	return err
}

// members reads the content of gzip members that have no flags, one after the other.
type members struct {
	src    *trimmed
	body   io.ReadCloser // inflates, one member after the other
	inside bool          // a member
	crc    hash.Hash32
	length uint32
	err    error
}

// Read implements io.Reader. The error is io.EOF wherever the bytes end.
func (m *members) Read(p []byte) (int, error) {
	for m.err == nil {
		if !m.inside {
			m.err = m.open()
			continue
		}
		n, err := m.body.Read(p)
		m.crc.Write(p[:n])
		m.length += uint32(n)
		if err != nil {
			m.err = m.end(err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, m.err
}

// open reads the head of a member (RFC 1952 §2.3).
func (m *members) open() error {
	head := make([]byte, 10)
	n, err := io.ReadFull(m.src, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	const want = gzipMagic + "\x00"
	if k := min(n, len(want)); string(head[:k]) != want[:k] {
		return &badForeign{fmt.Sprintf("%x where a gzip member without flags must begin", head[:n])}
	}
	if n < len(head) {
		return io.EOF
	}
	m.crc.Reset()
	m.inside, m.length = true, 0
	if m.body == nil {
		m.body = flate.NewReader(m.src)
		return nil
	}
	return m.body.(flate.Resetter).Reset(m.src, nil)
}

// end handles the end of a member's deflate data.
func (m *members) end(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case err == io.ErrUnexpectedEOF:
		return io.EOF
	case errors.As(err, &corrupt):
		return &badForeign{"its deflate data is damaged"}
	case err != io.EOF:
		return err
	}
	m.inside = false
	var got, want [trailer]byte
	binary.LittleEndian.PutUint32(want[:], m.crc.Sum32())
	binary.LittleEndian.PutUint32(want[4:], m.length)
	n, err := io.ReadFull(m.src, got[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	if !bytes.Equal(got[:n], want[:n]) {
		return &badForeign{fmt.Sprintf("the CRC and length of its gzip member are %x where %x must be", got[:n], want[:n])}
	}
	if n < len(got) {
		return io.EOF
	}
	return nil
}
