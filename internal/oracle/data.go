package oracle

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
)

// Data returns a reader of n bytes that seed decides: the same for the same seed,
// however they are read.
func Data(seed uint64, n int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8(expand(seed)), n)
}

// DataContent is the Content of what Data gives.
func DataContent(seed uint64, n int64) Content {
	var m Meter
	io.Copy(&m, Data(seed, n)) // neither of the two fails
	return m.Content()
}

// expand makes the generator's key of a seed.
func expand(seed uint64) (key [32]byte) {
	binary.LittleEndian.PutUint64(key[:], seed)
	return key
}

// The streams of one exchange have a seed each.
const (
	stdinSeed = iota
	stdoutSeed
	stderrSeed
	sizesSeed
	seedsPerExchange
)

// writeChunks writes data to w in pieces of mixed sizes, which seed decides: around the
// powers of two where buffers, packets and windows end.
func writeChunks(w io.Writer, data io.Reader, seed uint64) error {
	sizes := [...]int{1, 2, 3, 7, 100, 1000, 2048, 4095, 4096, 4097, 16384, 32767, 32768, 32769, 65536, 70000, 131072}
	next := rand.New(rand.NewPCG(seed, 0))
	buf := make([]byte, sizes[len(sizes)-1])
	for {
		n, err := io.ReadFull(data, buf[:sizes[next.IntN(len(sizes))]])
		if _, err := w.Write(buf[:n]); err != nil {
			return err
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
