package screen

// Style is how a cell looks.
type Style struct {
	Foreground, Background Color
	// UnderlineColor is the default one if the line has the colour of the text.
	UnderlineColor Color
	Attributes     Attributes
	Underline      Underline
}

// Attributes is a set of attributes of a cell.
type Attributes uint16

// The attributes.
const (
	Bold Attributes = 1 << iota
	Faint
	Italic
	Blink
	Reverse   // foreground and background change places
	Invisible // there, but not to be seen
	Strike
	Overline
)

// Underline is a kind of line below a cell.
type Underline uint8

// The kinds of lines, with the numbers that SGR 4:n gives them.
const (
	NoUnderline Underline = iota
	SingleUnderline
	DoubleUnderline
	CurlyUnderline
	DottedUnderline
	DashedUnderline
)

// Color is a terminal's default colour (the zero Color), one of its palette, or a colour
// by its parts.
type Color uint32

const (
	indexed Color = 1 << 24
	direct  Color = 2 << 24
)

// Indexed returns a colour of the palette: 0 to 7 are the basic ones, 8 to 15 their bright
// forms, 16 to 231 a cube, 232 to 255 greys.
func Indexed(n uint8) Color { return indexed | Color(n) }

// RGB returns a colour by its parts.
func RGB(r, g, b uint8) Color { return direct | Color(r)<<16 | Color(g)<<8 | Color(b) }

// IsDefault reports whether c is the terminal's own.
func (c Color) IsDefault() bool { return c == 0 }

// Index returns the number of a colour of the palette.
func (c Color) Index() (n uint8, ok bool) { return uint8(c), c&^0xff == indexed }

// Parts returns the parts of a colour that was given by them.
func (c Color) Parts() (r, g, b uint8, ok bool) {
	return uint8(c >> 16), uint8(c >> 8), uint8(c), c&^0xffffff == direct
}
