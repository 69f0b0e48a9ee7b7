package screen

const (
	maxArgs = 64      // of a sequence, parts included; the longest that is of use has some 20
	maxArg  = 1 << 16 // more than any size, so that no sum of two overflows
)

// args are the arguments of a sequence: numbers with semicolons between them. One can have
// parts, with colons between them (ISO 8613-6).
type args struct {
	values [maxArgs]int32
	part   [maxArgs]bool // of the argument before; its value is -1 if it is left out
	n      int
	full   bool
}

func (a *args) clear() { a.values[0], a.part[0], a.n, a.full = 0, false, 1, false }

// put takes a digit, a semicolon or a colon.
func (a *args) put(r rune) {
	switch {
	case r == ';':
		a.add(0, false)
	case r == ':':
		a.add(-1, true)
	case !a.full:
		v := &a.values[a.n-1]
		*v = min(max(*v, 0)*10+int32(r-'0'), maxArg)
	}
}

func (a *args) add(value int32, part bool) {
	if a.n == maxArgs {
		a.full = true
		return
	}
	a.values[a.n], a.part[a.n] = value, part
	a.n++
}

// at returns the i-th argument, 0 if there is none.
func (a *args) at(i int) int {
	for j := range a.n {
		if a.part[j] {
			continue
		}
		if i == 0 {
			return int(a.values[j])
		}
		i--
	}
	return 0
}

// count returns the i-th argument as a number of times or a place: 1 if it is 0 or is not there.
func (a *args) count(i int) int { return max(1, a.at(i)) }

// parts returns the parts of the argument whose value is the j-th.
func (a *args) parts(j int) []int32 {
	end := j + 1
	for end < a.n && a.part[end] {
		end++
	}
	return a.values[j+1 : end]
}
