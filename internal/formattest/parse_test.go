package formattest_test

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"reflect"
)

// A parsed is a complete or recovered log, read by the page to the byte.
type parsed struct {
	messages []obj
	blocks   []head
	digest   string
	rows     map[int64]typeRow
}

// parse reads a log that must be whole and says where it is not as the page has it.
func parse(b []byte) (*parsed, error) {
	if len(b) < headerSize || !bytes.Equal(b[:headerSize], fileHeader(2)) {
		return nil, fmt.Errorf("header is %x", b[:min(len(b), headerSize)])
	}
	p := &parsed{rows: map[int64]typeRow{}}
	for _, row := range types() {
		p.rows[int64(row.typ)] = row
	}
	m := mark{out: b[:headerSize], next: head{gzip: gzipHead, version: 1, previous: sha256.Sum256(b[:headerSize])}}
	for at := headerSize; ; at = len(m.out) {
		h, err := parseHead(b[at:])
		if err != nil {
			return nil, fmt.Errorf("member at %d: %w", at, err)
		}
		if h.flags&flagEnd != 0 {
			return p, p.finish(&m, b[at:])
		}
		if err := p.block(&m, h, b[at:at+int(h.size)]); err != nil {
			return nil, fmt.Errorf("block at %d: %w", at, err)
		}
		m.out = b[:at+int(h.size)]
	}
}

func parseHead(b []byte) (head, error) {
	var h head
	if len(b) < headSize {
		return h, fmt.Errorf("%d bytes are no member's head", len(b))
	}
	le := binary.LittleEndian
	copy(h.gzip[:], b)
	h.version, h.flags, h.zero = b[16], b[17], le.Uint16(b[18:])
	h.size, h.messages, h.block = le.Uint32(b[20:]), le.Uint32(b[24:]), le.Uint32(b[28:])
	h.first, h.from, h.to = le.Uint64(b[32:]), int64(le.Uint64(b[40:])), int64(le.Uint64(b[48:]))
	h.kinds, h.back = le.Uint32(b[56:]), le.Uint32(b[60:])
	copy(h.previous[:], b[64:])
	if h.gzip != gzipHead || h.version != 1 || h.flags&^3 != 0 || h.zero != 0 {
		return h, fmt.Errorf("a head begins with %x", b[:20])
	}
	if h.size < headSize+8 || h.size > 4<<20+64<<10 || int(h.size) > len(b) {
		return h, fmt.Errorf("size is %d with %d bytes there", h.size, len(b))
	}
	return h, nil
}

// block reads a data block and compares its head with the one that its messages give.
func (p *parsed) block(m *mark, h head, member []byte) error {
	content, err := inflate(member[headSize:])
	if err != nil {
		return err
	}
	if n := len(p.blocks); n > 0 && h.flags < p.blocks[n-1].flags || len(content) > 4<<20 {
		return fmt.Errorf("flags %d after %+v, or %d bytes of content", h.flags, p.blocks, len(content))
	}
	want := m.next
	want.flags, want.size = h.flags, uint32(len(member))
	for len(content) > 0 {
		fields, rest, err := p.message(content)
		if err != nil {
			return fmt.Errorf("message %d: %w", len(p.messages), err)
		}
		at := fields.get("timestamp").(int64)
		if want.messages == 0 {
			want.from = at
		}
		want.messages++
		want.to = at
		want.kinds |= 1 << meaning(fields).kind()
		p.messages, content = append(p.messages, fields), rest
	}
	if h != want || h.messages == 0 {
		return fmt.Errorf("head is %+v, want %+v", h, want)
	}
	p.blocks = append(p.blocks, h)
	m.index = append(m.index, []any{int64(len(m.out)), h.from})
	m.follow(h, member, make([]message, h.messages))
	return nil
}

// inflate reads deflate data, CRC and ISIZE, which must fill what is left of a member.
func inflate(b []byte) ([]byte, error) {
	r := bytes.NewReader(b)
	content, err := io.ReadAll(flate.NewReader(r))
	if err != nil {
		return nil, err
	}
	tail := b[len(b)-r.Len():]
	if len(tail) != 8 || binary.LittleEndian.Uint32(tail) != crc32.ChecksumIEEE(content) ||
		binary.LittleEndian.Uint32(tail[4:]) != uint32(len(content)) {
		return nil, fmt.Errorf("after the deflate data stands %x", tail)
	}
	return content, nil
}

// message reads one message and checks its keys.
func (p *parsed) message(content []byte) (obj, []byte, error) {
	v, rest, err := dec(content, 1)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %x", err, content[:min(len(content), 200)])
	}
	fields, ok := v.(obj)
	want := message{conn: "", payload: nil}.fields()
	if !ok || len(fields) != len(want) || len(content)-len(rest) > 2<<20 {
		return nil, nil, fmt.Errorf("%v is no message", v)
	}
	for i := 0; i < len(want); i += 2 {
		if fields[i] != want[i] {
			return nil, nil, fmt.Errorf("key %d is %q, want %q", i/2, fields[i], want[i])
		}
	}
	typ := fields.get("type").(int64)
	if channel := fields.get("channelId"); (channel != nil) != (typ >= 300) {
		return nil, nil, fmt.Errorf("type %d has channelId %v", typ, fields.get("channelId"))
	}
	return fields, rest, p.checkKeys(typ, fields.get("payload"))
}

// checkKeys says whether the known keys stand first and in the table's order.
func (p *parsed) checkKeys(typ int64, payload any) error {
	row, ok := p.rows[typ]
	if !ok {
		return fmt.Errorf("type %d is not in the table", typ)
	}
	pairs, _ := payload.(obj)
	for i, f := range row.known {
		if 2*i >= len(pairs) || pairs[2*i] != f.key {
			return fmt.Errorf("payload of type %d is %v: key %d is not %q", typ, payload, i, f.key)
		}
	}
	return nil
}

// meaning returns the message that decoded fields are, for its kind and counts.
func meaning(fields obj) message {
	m := message{conn: fields.get("connectionId").(string), at: fields.get("timestamp").(int64),
		typ: int(fields.get("type").(int64)), payload: fields.get("payload"), channel: fields.get("channelId")}
	if p, ok := m.payload.(obj); ok && m.typ == 500 {
		m.payload = p.with("stream", int(p.get("stream").(int64)))
	}
	return m
}

// finish checks the end mark and the summary.
func (p *parsed) finish(m *mark, rest []byte) error {
	want := m.end(nil)
	if !bytes.Equal(rest, want) {
		return fmt.Errorf("end mark is\n%x, want\n%x", rest, want)
	}
	sum := sha256.Sum256(want)
	p.digest = hex.EncodeToString(sum[:])
	if len(p.messages) == 0 {
		return errors.New("there is no message")
	}
	var all []message
	for _, fields := range p.messages[:len(p.messages)-1] {
		all = append(all, meaning(fields))
	}
	last := meaning(p.messages[len(p.messages)-1])
	if last.extension() != "summary" {
		return fmt.Errorf("the last message is %v, want a summary", last)
	}
	data := last.payload.(obj).get("data").(obj)
	for i, right := 0, summaryData(all, m.index); i < len(right); i += 2 {
		key := right[i].(string)
		if data[i] != key {
			return fmt.Errorf("key %d of the summary is %q, want %q", i/2, data[i], key)
		}
		switch key {
		case "start", "end", "bytes", "kinds", "index", "gaps", "version":
			if got, want := enc(data[i+1]), enc(right[i+1]); !reflect.DeepEqual(got, want) {
				return fmt.Errorf("%s of the summary is %v, want %v", key, data[i+1], right[i+1])
			}
		}
	}
	return nil
}
