package screen

// CursorShape is how a cursor looks.
type CursorShape uint8

// The shapes. Which one is the default is a matter of the terminal's settings.
const (
	DefaultCursor CursorShape = iota
	BlockCursor
	UnderlineCursor
	BarCursor
)

// Cursor is where the next character goes, and how it is shown.
type Cursor struct {
	Column, Row int // from 0
	Visible     bool
	Shape       CursorShape
	Blink       bool // false for the default shape
}

// cursor is what has been said of the cursor's looks.
type cursor struct {
	hidden, blink bool
	shape         CursorShape
}

// set does what DECSCUSR does.
func (c *cursor) set(n int) {
	if n > 6 {
		return
	}
	c.shape, c.blink = CursorShape((n+1)/2), n%2 == 1
}

// Cursor returns the cursor. After a character in the last column it is there still.
func (s *Screen) Cursor() Cursor {
	b := s.shown()
	return Cursor{
		Column: min(b.x, s.columns-1), Row: b.y,
		Visible: !s.cursor.hidden, Shape: s.cursor.shape, Blink: s.cursor.blink,
	}
}

// move does what moves the cursor alone.
func (s *Screen) move(final rune) {
	a, b := &s.parser.args, s.shown()
	n := a.count(0)
	switch final {
	case 'A', 'F':
		s.up(n)
	case 'B', 'E':
		s.down(n)
	case 'C', 'a':
		s.restrict(s.columns - 1)
		s.setCursor(b.x+n, b.y)
	case 'D':
		s.restrict(s.columns - 1)
		s.setCursor(b.x-n, b.y)
	case 'G', '`':
		s.setCursor(n-1, b.y)
	case 'H', 'f':
		s.place(a.count(1)-1, n-1)
	case 'I', 'Z':
		s.tab(n, final == 'Z')
	case 'd':
		s.place(b.x, n-1)
	case 'e':
		s.restrict(s.columns - 1)
		s.setCursor(b.x, b.y+n)
	}
	if final == 'E' || final == 'F' {
		b.x = 0
	}
}

// up moves the cursor up, and not out of what scrolls if it is there.
func (s *Screen) up(n int) {
	s.restrict(s.columns - 1)
	b := s.shown()
	if b.y >= b.top {
		n = min(n, b.y-b.top)
	}
	s.setCursor(b.x, b.y-n)
}

func (s *Screen) down(n int) {
	s.restrict(s.columns - 1)
	b := s.shown()
	if b.y <= b.bottom {
		n = min(n, b.bottom-b.y)
	}
	s.setCursor(b.x, b.y+n)
}

func (s *Screen) tab(n int, back bool) {
	b := s.shown()
	if b.x >= s.columns {
		return
	}
	for range min(n, s.columns) {
		before := b.x
		if back {
			b.x = b.tabs.previous(b.x)
		} else {
			b.x = b.tabs.next(b.x, s.columns)
		}
		if b.x == before {
			return
		}
	}
}

// place sets the cursor, counted from the region's first line in origin mode.
func (s *Screen) place(x, y int) {
	if s.modes.origin {
		y += s.shown().top
	}
	s.setCursor(x, y)
}

func (s *Screen) setCursor(x, y int) {
	b := s.shown()
	b.x, b.y = x, y
	s.restrict(s.columns - 1)
}

// restrict keeps the cursor where it may be.
func (s *Screen) restrict(maxX int) {
	b := s.shown()
	b.x = max(0, min(b.x, maxX))
	if s.modes.origin {
		b.y = max(b.top, min(b.y, b.bottom))
	} else {
		b.y = max(0, min(b.y, s.rows-1))
	}
}

func (s *Screen) saveCursor() {
	b := s.shown()
	b.saved = saved{x: b.x, y: b.y, style: s.style, charsets: s.charsets}
}

func (s *Screen) restoreCursor() {
	b := s.shown()
	s.style, s.charsets = b.saved.style, b.saved.charsets
	s.setCursor(b.saved.x, b.saved.y)
}
