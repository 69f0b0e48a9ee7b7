package plot

import "math"

// axis maps values to pixels.
type axis struct {
	from, to float64 // values
	at, end  float64 // pixels of from and to
	log      bool
}

func (a axis) place(v float64) float64 {
	from, to := a.from, a.to
	if a.log {
		from, to, v = math.Log(from), math.Log(to), math.Log(v)
	}
	return a.at + (v-from)/(to-from)*(a.end-a.at)
}

// fromZero is an axis from 0 to a round number that is not below the largest value.
func fromZero(largest, at, end float64) axis {
	if largest <= 0 {
		largest = 1
	}
	step := stepOf(largest)
	return axis{from: 0, to: math.Ceil(largest/step-1e-9) * step, at: at, end: end}
}

// stepOf is a round number of which 3 to 6 fit.
func stepOf(largest float64) float64 {
	step := math.Pow(10, math.Floor(math.Log10(largest)))
	for _, part := range []float64{0.2, 0.25, 0.5, 1} {
		if largest/(step*part) <= 6 {
			return step * part
		}
	}
	return step * 2
}

// value is what is at a place.
func (a axis) value(at float64) float64 {
	part := (at - a.at) / (a.end - a.at)
	if a.log {
		return a.from * math.Pow(a.to/a.from, part)
	}
	return a.from + part*(a.to-a.from)
}

// ticks are the values to be written at an axis from 0.
func (a axis) ticks() []float64 {
	var all []float64
	step := stepOf(a.to)
	for v := 0.0; v <= a.to+step/1e6; v += step {
		all = append(all, v)
	}
	return all
}
