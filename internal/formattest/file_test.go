package formattest_test

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"strings"
)

const (
	headerSize = 40
	headSize   = 96
	endSize    = 106

	flagEnd       = 1
	flagRecovered = 2
)

// fileHeader returns the first 40 bytes of a file.
func fileHeader(version uint64) []byte {
	h := make([]byte, 32, headerSize)
	copy(h, "ContainerSSH-Auditlog")
	return binary.LittleEndian.AppendUint64(h, version)
}

// A head is the first 96 bytes of a member, by the table of §1.
type head struct {
	gzip     [16]byte
	version  byte
	flags    byte
	zero     uint16
	size     uint32
	messages uint32
	block    uint32
	first    uint64
	from, to int64
	kinds    uint32
	back     uint32
	previous [32]byte
}

func (h head) bytes() []byte {
	le := binary.LittleEndian
	b := append(h.gzip[:], h.version, h.flags)
	b = le.AppendUint16(b, h.zero)
	b = le.AppendUint32(b, h.size)
	b = le.AppendUint32(b, h.messages)
	b = le.AppendUint32(b, h.block)
	b = le.AppendUint64(b, h.first)
	b = le.AppendUint64(b, uint64(h.from))
	b = le.AppendUint64(b, uint64(h.to))
	b = le.AppendUint32(b, h.kinds)
	b = le.AppendUint32(b, h.back)
	return append(b, h.previous[:]...)
}

// gzipHead is how every member starts.
var gzipHead = [16]byte{0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 0x54, 0, 'S', 'T', 0x50, 0}

// A block is one data block in the making. What its functions change is changed before the sizes, checksums and
// hashes after it are taken, so that nothing but the change is wrong.
type block struct {
	messages []message
	flags    byte
	deflate  func([]byte) []byte // nil: what is quick
	content  func([]byte) []byte // what is compressed, from what should be
	stream   func([]byte) []byte // the compressed bytes
	head     func(*head)
	whole    func([]byte) []byte // the member
}

// A file is a log in the making; its zero value with blocks builds a right one.
type file struct {
	header         []byte
	blocks         []block
	noSummary      bool
	apart          bool // the summary in a block of its own
	apartFlags     byte
	summary        func(obj) obj // the data
	summaryPayload func(obj) obj
	summaryMessage func(*message)
	noEnd          bool
	end            func(*head)
	tail           []byte
}

// A built is a file and where its members are.
type built struct {
	bytes    []byte
	ends     []int // after each data block
	counts   []int // messages up to there
	messages []message
	digest   string // of the end mark
}

// mark is where the next member begins and what its header must say.
type mark struct {
	out   []byte
	index []any // offset and first timestamp of each block
	next  head
	kinds uint32
	all   []message
}

func (f file) build() built {
	m := mark{out: append([]byte{}, f.header...)}
	if f.header == nil {
		m.out = fileHeader(2)
	}
	m.next = head{gzip: gzipHead, version: 1, previous: sha256.Sum256(m.out)}
	blocks := append([]block{}, f.blocks...)
	if f.apart {
		blocks = append(blocks, block{flags: f.apartFlags})
	}
	var b built
	for i, data := range blocks {
		if i == len(blocks)-1 && !f.noSummary {
			data.messages = append(append([]message{}, data.messages...), f.summaryOf(&m, data))
		}
		m.add(data)
		b.ends = append(b.ends, len(m.out))
		b.counts = append(b.counts, len(m.all))
	}
	if !f.noEnd {
		end := m.end(f.end)
		sum := sha256.Sum256(end)
		b.digest = hex.EncodeToString(sum[:])
		m.out = append(m.out, end...)
	}
	b.bytes, b.messages = append(m.out, f.tail...), m.all
	return b
}

// add appends a data block.
func (m *mark) add(data block) {
	var content []byte
	h := m.next
	h.flags, h.messages = data.flags, uint32(len(data.messages))
	for i, msg := range data.messages {
		content = append(content, msg.encode()...)
		h.kinds |= 1 << msg.kind()
		h.to = msg.at
		if i == 0 {
			h.from = msg.at
		}
	}
	m.index = append(m.index, []any{len(m.out), h.from})
	if data.content != nil {
		content = data.content(content)
	}
	if data.deflate == nil {
		data.deflate = quick
	}
	stream := data.deflate(content)
	if data.stream != nil {
		stream = data.stream(stream)
	}
	h.size = uint32(headSize + len(stream) + 8)
	if data.head != nil {
		data.head(&h)
	}
	member := append(h.bytes(), stream...)
	member = binary.LittleEndian.AppendUint32(member, crc32.ChecksumIEEE(content))
	member = binary.LittleEndian.AppendUint32(member, uint32(len(content)))
	if data.whole != nil {
		member = data.whole(member)
	}
	m.follow(h, member, data.messages)
}

// follow appends a member and prepares the header of the next one.
func (m *mark) follow(h head, member []byte, messages []message) {
	m.out = append(m.out, member...)
	m.all = append(m.all, messages...)
	m.kinds |= h.kinds
	m.next.block++
	m.next.first += uint64(len(messages))
	m.next.from, m.next.to = h.to, h.to
	m.next.back = uint32(len(member))
	m.next.previous = sha256.Sum256(member)
}

// end returns the end mark.
func (m *mark) end(change func(*head)) []byte {
	h := m.next
	h.flags, h.size, h.messages, h.kinds = flagEnd, endSize, 0, m.kinds
	if change != nil {
		change(&h)
	}
	return append(h.bytes(), 3, 0, 0, 0, 0, 0, 0, 0, 0, 0)
}

// quick spares small contents a writer of compress/flate, which is a megabyte to clear.
func quick(content []byte) []byte {
	if len(content) < 4000 {
		return fixed(content)
	}
	return dynamic(content)
}

func dynamic(content []byte) []byte { return flated(content, flate.DefaultCompression) }
func stored(content []byte) []byte  { return flated(content, flate.NoCompression) }

func flated(content []byte, level int) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, level)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic("formattest: " + err.Error())
	}
	return out.Bytes()
}

// flushed deflates pieces one by one with a sync flush after each (RFC 1951 §3.2.4: an empty stored block).
func flushed(content []byte) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	for i := 0; i < len(content) && err == nil; i += 40 {
		if _, err = w.Write(content[i:min(i+40, len(content))]); err == nil {
			err = w.Flush()
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic("formattest: " + err.Error())
	}
	return out.Bytes()
}

// fixed deflates as literals of one block with fixed codes (RFC 1951 §3.2.6).
func fixed(content []byte) []byte {
	w := &bits{}
	w.put(1, 1)
	w.put(1, 2)
	for _, c := range content {
		if c < 144 {
			w.code(0x30+uint(c), 8)
		} else {
			w.code(0x190+uint(c)-144, 9)
		}
	}
	w.code(0, 7)
	return w.out
}

// bits packs bits from the least significant one on.
type bits struct {
	out  []byte
	used int
}

func (w *bits) put(v uint, n int) {
	for i := range n {
		if w.used%8 == 0 {
			w.out = append(w.out, 0)
		}
		w.out[len(w.out)-1] |= byte(v>>i&1) << (w.used % 8)
		w.used++
	}
}

// code puts a Huffman code, which is packed from its most significant bit on.
func (w *bits) code(v uint, n int) {
	for i := n - 1; i >= 0; i-- {
		w.put(v>>i&1, 1)
	}
}

// emptyStored returns n stored blocks without content, none of them the last.
func emptyStored(n int) []byte { return []byte(strings.Repeat("\x00\x00\x00\xff\xff", n)) }
