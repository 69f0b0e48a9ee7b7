package screen

// tabs are the columns where tabs stop. All that a terminal could have are here, so that a
// smaller window forgets none.
type tabs [maxColumns/64 + 1]uint64

const tabWidth = 8

func usualTabs() tabs {
	var t tabs
	t.every(0, maxColumns)
	return t
}

// every sets a stop at a column and each eighth after it.
func (t *tabs) every(from, columns int) {
	for x := from; x < columns; x += tabWidth {
		t.set(x)
	}
}

func (t *tabs) set(x int)        { t[x/64] |= 1 << (x % 64) }
func (t *tabs) clear(x int)      { t[x/64] &^= 1 << (x % 64) }
func (t *tabs) isSet(x int) bool { return t[x/64]&(1<<(x%64)) != 0 }
func (t *tabs) next(x, columns int) int {
	for x++; x < columns; x++ {
		if t.isSet(x) {
			return x
		}
	}
	return columns - 1
}

func (t *tabs) previous(x int) int {
	for x--; x > 0; x-- {
		if t.isSet(x) {
			return x
		}
	}
	return 0
}
