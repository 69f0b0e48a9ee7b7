package screen

import (
	"bytes"
	"testing"
)

// TestDiffDrawsNext plays each recording on a terminal that gets differences alone.
func TestDiffDrawsNext(t *testing.T) {
	for _, r := range recordings(t) {
		t.Run(r.name, func(t *testing.T) {
			var viewer, prev *Screen
			whole, differences := 0, 0
			play(t, r.text, func(s *Screen, step step) {
				var out, all bytes.Buffer
				if step.command != "out" {
					viewer = New(s.Size())
					write(t, viewer, []byte("\x1b[31mto be drawn over"))
					prev = s.Snapshot()
					if err := s.WriteANSI(&out); err != nil {
						t.Fatal(err)
					}
				} else if err := WriteDiff(&out, prev, s); err != nil {
					t.Fatal(err)
				}
				if err := s.WriteANSI(&all); err != nil {
					t.Fatal(err)
				}
				whole, differences = whole+all.Len(), differences+out.Len()
				harmless(t, out.Bytes())
				write(t, viewer, out.Bytes())
				if !viewer.Equal(s) {
					t.Fatalf("after %q the viewer sees\n%swant\n%s", out.Bytes(), show(viewer), show(s))
				}
				prev = s.Snapshot()
			})
			if differences > whole {
				t.Errorf("differences take %d bytes, whole screens %d", differences, whole)
			}
		})
	}
}

func TestDiffOfEqualScreensIsNothing(t *testing.T) {
	s := New(80, 24)
	write(t, s, []byte("hello"))
	var out bytes.Buffer
	if err := WriteDiff(&out, s.Snapshot(), s); err != nil || out.Len() != 0 {
		t.Errorf("WriteDiff() = %q, %v, want nothing", out.Bytes(), err)
	}
	before := s.Snapshot()
	write(t, s, []byte("\b\b\bL"))
	if err := WriteDiff(&out, before, s); err != nil || out.String() != "\x1b[1;3HL\x1b[1;4H" {
		t.Errorf("WriteDiff() = %q, %v, want one cell", out.Bytes(), err)
	}
}

// TestDrawingTrustsNoWidths holds that a viewer's terminal which counts other widths than
// we do has each character at its place all the same.
func TestDrawingTrustsNoWidths(t *testing.T) {
	s := New(6, 1)
	write(t, s, []byte("漢xe\u0301y"))
	var out bytes.Buffer
	if err := s.WriteANSI(&out); err != nil {
		t.Fatal(err)
	}
	want := "\x1b[0m\x1b[1;1H漢\x1b[1;3Hxe\u0301\x1b[1;5Hy \x1b[1;6H\x1b[0 q\x1b[?25h"
	if out.String() != want {
		t.Errorf("WriteANSI() = %q, want %q", out.String(), want)
	}
}
