package binary

import (
	"bytes"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/cbor"
)

// entry is a key that was read, and its value if that is text: where they are in the
// block's content.
type entry struct{ key, keyEnd, text, textEnd int32 }

// few is how many keys of a map are searched one by one; for more there is an index.
const few = 16

// pairs reads a map of this shape: the known keys in order, their Raw keys in the same order, then
// any others, ours, each Raw one of these behind its own (FORMAT §2). least is how few keys
// there may be.
func (c *checker) pairs(s *shape, least, depth int) error {
	most := maxItems
	if s.exact {
		most = len(s.fields)
	}
	start := c.s.Pos()
	n, err := c.s.Map(least, most)
	if err != nil {
		return err
	}
	base := len(c.entries)
	for i := range s.fields[:s.known] {
		if err := c.known(&s.fields[i], depth); err != nil {
			return err
		}
	}
	p := openPairs{checker: c, shape: s, base: base, start: start, left: n - s.known, depth: depth}
	for p.left > 0 {
		if err := p.next(); err != nil {
			return err
		}
		p.left--
	}
	c.entries = c.entries[:base]
	return nil
}

// known reads a known key and its value.
func (c *checker) known(f *field, depth int) error {
	if !c.s.Literal(f.head) {
		return c.s.Cut(f.head)
	}
	e := entry{text: -1}
	from := c.s.Pos()
	if c.m.Type == typeIO && f.Key == "stream" {
		if _, err := c.stream(); err != nil {
			return err
		}
	} else if err := c.value(f.shape, depth+1); err != nil {
		return within(err, "%s", f.Key)
	}
	if f.shape.form == formText && c.content[from] != cbor.Null {
		e.text, e.textEnd = c.textAt(from)
	}
	if c.m.Type == typeIO && f.Key == "data" || f.Key == "password" {
		c.m.size = stringSize(c.content[from:c.s.Pos()])
	}
	c.entries = append(c.entries, e)
	return nil
}

// textAt returns where the text is whose head is at from and that was read last.
func (c *checker) textAt(from int) (start, end int32) {
	return int32(c.s.Pos() - stringSize(c.content[from:c.s.Pos()])), int32(c.s.Pos())
}

// stringSize returns the size of a whole string without its head.
func stringSize(item []byte) int {
	switch item[0] & 31 {
	case 24:
		return len(item) - 2
	case 25:
		return len(item) - 3
	case 26:
		return len(item) - 5
	}
	return len(item) - 1
}

// openPairs reads the keys of a map that come after the known ones.
type openPairs struct {
	*checker
	shape *shape
	base  int // of the map's entries: the known keys' first, then ours
	start int // of the map
	left  int
	depth int

	ours    bool // one of ours was read, so no Raw key of a known one can follow
	lastRaw int  // 1 + number of the known key whose Raw key came last
	byKey   map[string]int32
}

// next reads one key and its value.
func (p *openPairs) next() error {
	key, err := p.s.Text(0, MaxMessage)
	if err != nil {
		return within(err, "key")
	}
	if base, ok := bytes.CutSuffix(key, []byte(rawSuffix)); ok {
		return within(p.raw(key, base), "key %.80q", key)
	}
	p.ours = true
	if err := p.fresh(key); err != nil {
		return err
	}
	if string(key) == "data" && p.depth == 2 && (p.m.Type == typeOnConnection || p.m.Type == typeOnChannel) {
		return p.extension()
	}
	return within(p.value(key), "key %.80q", key)
}

// fresh notes a key, which must be new. The old decoder ignores case, so a key of ours
// that differs from a known one in case alone would change what it shows.
func (p *openPairs) fresh(key []byte) error {
	for i := range p.shape.fields[:p.shape.known] {
		if bytes.EqualFold(key, []byte(p.shape.fields[i].Key)) {
			return p.s.Fault("key %.80q: the type has it already", key)
		}
	}
	if p.find(key) >= 0 {
		return p.s.Fault("key %.80q stands twice", key)
	}
	end := p.s.Pos()
	p.entries = append(p.entries, entry{int32(end - len(key)), int32(end), -1, -1})
	n := len(p.entries) - p.base - p.shape.known
	switch {
	case n == few+1:
		p.byKey = make(map[string]int32)
		for i := p.base + p.shape.known; i < len(p.entries); i++ {
			p.byKey[string(p.key(i))] = int32(i)
		}
	case n > few+1:
		p.byKey[string(key)] = int32(len(p.entries) - 1)
	}
	return nil
}

func (p *openPairs) key(i int) []byte {
	return p.content[p.entries[i].key:p.entries[i].keyEnd]
}

// find returns the entry of one of our keys, -1 if there is none.
func (p *openPairs) find(key []byte) int {
	if p.byKey != nil {
		if i, ok := p.byKey[string(key)]; ok {
			return int(i)
		}
		return -1
	}
	for i := p.base + p.shape.known; i < len(p.entries); i++ {
		if bytes.Equal(p.key(i), key) {
			return i
		}
	}
	return -1
}

// value reads the value of one of our keys.
func (p *openPairs) value(key []byte) error {
	i, from := len(p.entries)-1, p.s.Pos()
	var err error
	if f := p.shape.ours(key); f != nil {
		err = p.checker.value(f.shape, p.depth+1)
	} else {
		err = p.anything(p.depth + 1)
	}
	if err == nil {
		err = p.hidden(key)
	}
	if err != nil {
		return err
	}
	if cbor.Major(p.content[from]>>5) == cbor.MajorText {
		p.entries[i].text, p.entries[i].textEnd = p.textAt(from)
	}
	return nil
}

// ours returns the field of one of our keys, nil if it is not known.
func (s *shape) ours(key []byte) *field {
	for i := range s.fields[s.known:] {
		if f := &s.fields[s.known+i]; f.Key == string(key) {
			return f
		}
	}
	return nil
}

// raw reads the value of a Raw key: the bytes of a text of the same map that has U+FFFD
// in place of what was not UTF-8, and is otherwise the same.
func (p *openPairs) raw(key, base []byte) error {
	e := entry{text: -1}
	if i := p.shape.knownText(base); i >= 0 {
		if p.ours || i < p.lastRaw {
			return p.s.Fault("it must stand in order, right behind the known keys")
		}
		p.lastRaw = i + 1
		e = p.entries[p.base+i]
	} else {
		if i := p.find(base); i >= 0 {
			e = p.entries[i]
		}
		p.ours = true
		if err := p.fresh(key); err != nil {
			return err
		}
	}
	if e.text < 0 {
		return p.s.Fault("there is no text before it that it could belong to")
	}
	text := p.content[e.text:e.textEnd]
	raw, err := p.s.Bytes()
	if err == cbor.ErrMore && !p.mayReplace(text, raw) || err == nil && !replaces(text, raw) {
		return p.s.Fault("bytes %.80q do not become the text %.80q, or become it unchanged", raw, text)
	}
	return err
}

// mayReplace reports whether raw, the first part of a byte string, can go on to what
// becomes text.
func (p *openPairs) mayReplace(text, raw []byte) bool {
	if size := p.s.Size(); size > 0 {
		// Each byte that is replaced makes the text two bytes longer.
		longer := len(text) - size
		if longer < 2 || longer%2 != 0 || longer/2 > bytes.Count(text, []byte(replacement)) {
			return false
		}
	}
	whole := len(raw)
	n := replacedPrefix(text, raw)
	for n < 0 && whole > 0 && len(raw)-whole < 3 {
		whole--
		n = replacedPrefix(text, raw[:whole])
	}
	rest := raw[whole:] // part of a character, or to be replaced
	return n >= 0 && (len(rest) == 0 || bytes.HasPrefix(text[n:], rest) || bytes.HasPrefix(text[n:], []byte(replacement)))
}

// knownText returns the number of the known field of this name that is text, -1 if
// there is none.
func (s *shape) knownText(key []byte) int {
	for i := range s.fields[:s.known] {
		if f := &s.fields[i]; f.Key == string(key) && f.shape.form == formText {
			return i
		}
	}
	return -1
}

// extension reads the data of an extension. The payload that carries it has the keys
// of its type, empty, and this one.
func (p *openPairs) extension() error {
	c := p.checker
	var requestType string
	for i := range p.shape.fields[:p.shape.known] {
		if p.shape.fields[i].Key == "requestType" {
			e := c.entries[p.base+i]
			requestType = string(c.content[e.text:e.textEnd])
		}
	}
	name, ok := extensionName(requestType)
	if !ok {
		return c.s.Fault("data in a request %.80q, which is not named NAME%s", requestType, extensionSuffix)
	}
	if got := c.content[p.start:c.s.Pos()]; !bytes.Equal(got, carrierPayload(c.m.Type, name)) {
		return c.s.Fault("extension %q has other keys or values than its carrier must have", name)
	}
	c.m.Extension, c.m.data = name, c.s.Pos()
	if err := c.kind(event.ExtensionKind(name)); err != nil {
		return err
	}
	return within(p.extensionData(name), "extension %q", name)
}

func (p *openPairs) extensionData(name string) error {
	c := p.checker
	known := payloads.byExtension[name]
	switch {
	case known == nil:
		return c.pairs(&openMap, 0, 3)
	case known.row.Type != c.m.Type:
		return c.s.Fault("in type %d where %d must be", c.m.Type, known.row.Type)
	case name == summaryName:
		return c.summary()
	}
	return c.pairs(known.shape, known.known, 3)
}
