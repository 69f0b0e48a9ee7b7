package replay

import "time"

// Pace says how fast recorded time goes by.
type Pace struct {
	Speed float64       // how many times as fast; above 0
	Idle  time.Duration // a longer time without anything takes only as long; 0: as long as it was
}

// Wait returns how long to wait where the recording has a gap of this length.
func (p Pace) Wait(gap time.Duration) time.Duration {
	if p.Idle > 0 {
		gap = min(gap, p.Idle)
	}
	return time.Duration(float64(max(0, gap)) / p.Speed)
}

// Passed returns how much of a gap has gone by in the recording when somebody has waited:
// all of it after [Pace.Wait], and before that its part.
func (p Pace) Passed(gap, waited time.Duration) time.Duration {
	wait := p.Wait(gap)
	if waited >= wait {
		return max(0, gap)
	}
	return time.Duration(float64(gap) * (float64(max(0, waited)) / float64(wait)))
}
