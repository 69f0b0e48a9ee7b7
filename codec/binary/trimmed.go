package binary

import (
	"bufio"
	"io"
)

// trimmed reads a stream without the NUL bytes at its end, however many there are.
type trimmed struct {
	src   *bufio.Reader
	nuls  int64 // that were read and are still to be given
	given int64
}

// ReadByte implements io.ByteReader, so that a decompressor takes what it needs and no
// more.
func (t *trimmed) ReadByte() (byte, error) {
	if t.nuls == 0 {
		b, err := t.src.ReadByte()
		if err != nil {
			return 0, err
		}
		if b != 0 {
			t.given++
			return b, nil
		}
		if err := t.run(); err != nil {
			return 0, err
		}
	}
	t.nuls--
	t.given++
	return 0, nil
}

// run counts the NUL bytes that come next. They are a tail if the stream ends behind them.
func (t *trimmed) run() error {
	for t.nuls = 1; ; t.nuls++ {
		b, err := t.src.ReadByte()
		if err != nil {
			t.nuls = 0
			return err
		}
		if b != 0 {
			return t.src.UnreadByte()
		}
	}
}

// Read implements io.Reader.
func (t *trimmed) Read(p []byte) (int, error) {
	for n := range p {
		b, err := t.ReadByte()
		if err == io.EOF && n > 0 {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		p[n] = b
	}
	return len(p), nil
}
