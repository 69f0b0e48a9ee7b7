package screen

// The size of a screen has limits, so that its memory has: two times a million cells of 40
// bytes would be needed for the largest.
const (
	minColumns = 2 // a wide character needs them
	maxColumns = 1000
	maxRows    = 500
)

// Screen is the screen of a terminal. It is for one goroutine at a time; its snapshots
// are for others.
type Screen struct {
	// OnScroll, if it is not nil, is given each line that leaves the main screen, once and
	// in order: because it scrolls over the upper edge, or because all of the screen is
	// erased. A snapshot has none.
	OnScroll func(Line)
	// Stamp is given to each line that is changed from now on. What it says is the
	// caller's: as the time of what is written.
	Stamp uint64

	columns, rows int
	main          *buffer
	alternate     *buffer // nil while it is not shown
	parser        parser
	decoder       decoder
	modes         modes
	style         Style
	charsets      charsets
	cursor        cursor
	title         string
	last          int     // the width of the character that was just printed; 0 if something else was
	empty         *line   // see emptyLine
	spare         []*line // of the screen's width, in no place; at most as many as there are rows
	work          work
	returns       bool // see LineFeedReturns
}

// modes are what SM and DECSET switch.
type modes struct {
	insert, lineFeedReturns, origin, wrap, reverseWrap bool
}

// New returns an empty screen. A size that is out of limits, 2×1 to 1000×500, becomes the
// nearest; 0, what a terminal says that does not know its size, becomes 80×24.
func New(columns, rows int) *Screen {
	s := new(Screen)
	s.columns, s.rows = size(columns, rows)
	s.work.cells = initialWork
	s.reset()
	return s
}

func size(columns, rows int) (int, int) {
	if columns <= 0 {
		columns = 80
	}
	if rows <= 0 {
		rows = 24
	}
	return max(minColumns, min(columns, maxColumns)), min(rows, maxRows)
}

// LineFeedReturns says whether a line feed also goes back to the first column. A terminal's
// driver does it before the terminal sees it; output of a program that had none needs it.
func (s *Screen) LineFeedReturns(yes bool) { s.returns = yes }

// reset does what ESC c does: all but the size and the title is as it was at the start.
func (s *Screen) reset() {
	s.main = s.newBuffer(Style{})
	s.alternate = nil
	s.parser.begin(ground)
	s.style = Style{}
	s.charsets = charsets{}
	s.modes = modes{wrap: true}
	s.cursor = cursor{}
	s.last = 0
}

// Write shows what a program wrote. It takes all of p, and returns no error.
func (s *Screen) Write(p []byte) (int, error) {
	for i := 0; i < len(p); i++ {
		if s.parser.state == ground && s.decoder.need == 0 {
			n := s.printASCII(p[i:])
			s.work.allow(n)
			if i += n; i == len(p) {
				break
			}
		}
		s.work.allow(1)
		s.take(p[i])
	}
	return len(p), nil
}

func (s *Screen) take(b byte) {
	for {
		r, complete, again := s.decoder.next(b)
		if complete {
			s.parse(r)
		}
		if !again {
			return
		}
	}
}

// Size returns the number of columns and rows.
func (s *Screen) Size() (columns, rows int) { return s.columns, s.rows }

// Title returns the last title that was set: at most 1 KiB without control characters.
// Who it is from may want it to be taken for something else: quote it.
func (s *Screen) Title() string { return s.title }

// Alternate reports whether the alternate screen is shown, as programs do that take
// all of it: what they draw goes away with them.
func (s *Screen) Alternate() bool { return s.alternate != nil }

// Line returns one of the lines that are shown.
func (s *Screen) Line(row int) Line {
	return s.shown().lines[row].view()
}

// Text returns the text of the lines that are shown, without the spaces at their ends.
func (s *Screen) Text() []string {
	text := make([]string, s.rows)
	for i := range text {
		text[i] = s.Line(i).String()
	}
	return text
}

// Skipped returns how many sequences were not done, or not all of them, since they
// cost more than what a program for people can ask for: see the package's limits.
func (s *Screen) Skipped() int { return s.work.skipped }
