package screen

// The states of the parser, as Paul Williams drew them for DEC's VT500
// (https://vt100.net/emu/dec_ansi_parser), for characters instead of bytes: so that no
// byte inside a character of UTF-8 is taken for a control.
type state uint8

const (
	ground state = iota
	escape
	escapeIntermediate
	csiEntry // after CSI: a prefix may come
	csiParam
	csiIntermediate
	csiIgnore
	oscString
	otherString // DCS, SOS, PM, APC: read over
)

// Control characters that the parser knows (ECMA-48).
const (
	bel = 0x07
	can = 0x18
	sub = 0x1a
	esc = 0x1b
	del = 0x7f
	dcs = 0x90
	sos = 0x98
	csi = 0x9b
	st  = 0x9c
	osc = 0x9d
	pm  = 0x9e
	apc = 0x9f
)

// maxString is how many bytes of an operating system command are kept: a title.
const maxString = 1024

// parser is what is known of a sequence that is not complete.
type parser struct {
	state        state
	args         args
	prefix       byte // one of < = > ?, or 0
	intermediate byte // from space to /, or 0
	many         bool // of intermediates: no sequence that is known has them
	text         []byte
}

func (p *parser) begin(to state) {
	p.state, p.prefix, p.intermediate, p.many = to, 0, 0, false
	p.args.clear()
	p.text = p.text[:0]
}

func (p *parser) collect(r rune, to state) {
	p.many = p.many || p.intermediate != 0
	p.intermediate, p.state = byte(r), to
}

// parse takes the next character.
func (s *Screen) parse(r rune) {
	p := &s.parser
	switch {
	case r == esc:
		s.endString()
		p.begin(escape)
	case r == can || r == sub:
		p.state = ground
		s.control(r)
	case r >= 0x80 && r < 0xa0:
		s.c1(r)
	case p.state == ground:
		if r < ' ' {
			s.control(r)
		} else {
			s.print(r)
		}
	case p.state == oscString:
		s.oscPut(r)
	case p.state == otherString:
	case r < ' ':
		s.control(r) // also in the middle of a sequence
	case p.state == escape || p.state == escapeIntermediate:
		s.escaped(r)
	default:
		s.csiNext(r)
	}
}

// c1 takes a control character of the upper half, which ends whatever there is.
func (s *Screen) c1(r rune) {
	p := &s.parser
	if r == st {
		s.endString()
	}
	switch r {
	case csi:
		p.begin(csiEntry)
	case osc:
		p.begin(oscString)
	case dcs, sos, pm, apc:
		p.begin(otherString)
	default:
		p.state = ground
		s.control(r)
	}
}

// escaped takes what follows ESC.
func (s *Screen) escaped(r rune) {
	p := &s.parser
	switch {
	case r >= 0xa0 || r == del && p.state == escapeIntermediate:
		p.state = ground
	case r == del:
	case r < '0':
		p.collect(r, escapeIntermediate)
	case p.state == escapeIntermediate:
		p.state = ground
		s.escDispatch(r)
	case r == '[':
		p.begin(csiEntry)
	case r == ']':
		p.begin(oscString)
	case r == 'P' || r == 'X' || r == '^' || r == '_':
		p.begin(otherString)
	default:
		p.state = ground
		s.escDispatch(r)
	}
}

// csiNext takes what follows CSI.
func (s *Screen) csiNext(r rune) {
	p := &s.parser
	switch {
	case r == del:
	case r >= 0xa0:
		if p.state != csiIgnore {
			p.state = ground
		}
	case r >= '@':
		known := p.state != csiIgnore && !p.many
		p.state = ground
		if known {
			s.csiDispatch(r)
			s.last = 0
		}
	case p.state == csiIgnore:
	case r < '0':
		p.collect(r, csiIntermediate)
	case p.state == csiIntermediate:
		p.state = csiIgnore
	case r < '<':
		p.state = csiParam
		p.args.put(r)
	case p.state == csiEntry:
		p.prefix, p.state = byte(r), csiParam
	default:
		p.state = csiIgnore
	}
}

// oscPut takes a character of an operating system command. Only a title is kept of them.
func (s *Screen) oscPut(r rune) {
	switch p := &s.parser; {
	case r == bel:
		s.endString()
		p.state = ground
	case widthOf(r) != none && len(p.text) < maxString:
		p.text = append(p.text, string(r)...)
	}
}

// endString acts on an operating system command that is complete.
func (s *Screen) endString() {
	p := &s.parser
	if p.state != oscString {
		return
	}
	s.last = 0
	if len(p.text) > 1 && p.text[1] == ';' && (p.text[0] == '0' || p.text[0] == '2') {
		s.title = string(p.text[2:])
	}
	p.text = p.text[:0]
}
