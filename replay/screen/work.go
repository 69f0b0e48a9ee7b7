package screen

// Nearly every sequence costs at most some work for each row and each column. Those few that
// could change each cell of the screen by four bytes must earn it: each byte of input is good
// for the change of some cells, and there is some to begin with. On a screen of usual
// size nothing is ever refused; on the largest, only what no program does for people.
const (
	initialWork = 4 << 20 // cells: eight times the largest screen
	workOfByte  = 1 << 9  // cells: a quarter of an 80×24 screen, and a bit
)

// work is what sequences may still cost.
type work struct {
	cells   int
	skipped int
}

func (w *work) allow(bytes int) { w.cells = min(w.cells+bytes*workOfByte, initialWork) }

// take asks for the change of a number of cells, and returns for how many there is leave.
func (w *work) take(cells int) int {
	if cells > w.cells {
		w.skipped++
		cells = w.cells
	}
	w.cells -= cells
	return cells
}
