package replay

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestPassedIsTheInverseOfWait goes from recorded time to the viewer's, and back.
func TestPassedIsTheInverseOfWait(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Pace{
			Speed: rapid.Float64Range(0.1, 100).Draw(t, "speed"),
			Idle:  time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "idle")),
		}
		gap := time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "gap"))
		wait := p.Wait(gap)
		if most := p.Idle; most > 0 && wait > time.Duration(float64(most)/p.Speed) {
			t.Fatalf("Wait(%v) = %v with an idle limit of %v", gap, wait, most)
		}
		if got := p.Passed(gap, wait); got != gap {
			t.Fatalf("Passed(%v, all of it) = %v", gap, got)
		}
		if got := p.Passed(gap, 0); wait > 0 && got != 0 {
			t.Fatalf("Passed(%v, 0) = %v", gap, got)
		}
		a := time.Duration(rapid.Int64Range(0, int64(wait)).Draw(t, "waited"))
		passed := p.Passed(gap, a)
		if p.Idle == 0 || gap <= p.Idle {
			if back := p.Wait(passed); (back - a).Abs() > 100*time.Nanosecond+wait/1e9 {
				t.Fatalf("Wait(Passed(%v)) = %v", a, back)
			}
		}
		if b := a / 2; p.Passed(gap, b) > passed {
			t.Fatalf("Passed(%v) = %v is after Passed(%v) = %v", b, p.Passed(gap, b), a, passed)
		}
	})
}
