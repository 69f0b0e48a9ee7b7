package screen

import (
	"slices"
	"strings"
	"testing"
)

// left returns what OnScroll is given of some output, and at the end: lines that go on in
// the next one are joined to it.
func left(t *testing.T, output string) []string {
	t.Helper()
	var lines []string
	s := New(10, 3)
	s.OnScroll = func(l Line) {
		if l.Wrapped && len(lines) > 0 {
			lines[len(lines)-1] += l.Full()
			return
		}
		lines = append(lines, l.Full())
	}
	write(t, s, []byte(output))
	s.Drain()
	if text := strings.Join(s.Text(), ""); text != "" {
		t.Errorf("after Drain the screen has %q", text)
	}
	return lines
}

func TestEachLineLeavesOnce(t *testing.T) {
	for _, test := range []struct {
		name, output string
		want         []string
	}{
		{"nothing", "", nil},
		{"lines", "1\r\n2\r\n3\r\n4\r\n5", []string{"1", "2", "3", "4", "5"}},
		{"an empty line between", "1\r\n\r\n3", []string{"1", "", "3"}},
		{"a long line", "0123456789abcdefghij-\r\nnext", []string{"0123456789abcdefghij-", "next"}},
		{"spaces where a line wraps", "012345678  9\r\n", []string{"012345678  9"}},
		{"a wide character that has no room", "012345678漢\r\n", []string{"012345678漢"}},
		{"a progress bar", "10%\r20%\r30%\r\ndone", []string{"30%", "done"}},
		{"clear", "1\r\n2\x1b[H\x1b[2J\x1b[3J3", []string{"1", "2", "3"}},
		{"clear from the top", "1\r\n2\x1b[H\x1b[J3", []string{"1", "2", "3"}},
		{"reset", "1\r\n2\x1bc3", []string{"1", "2", "3"}},
		{"the alternate screen", "1\r\n\x1b[?1049hvi\r\nv\r\nv\r\nv\r\nv\x1b[2J\x1b[?1049l2", []string{"1", "2"}},
		{"an end in the alternate screen", "1\x1b[?1049hvi", []string{"1"}},
		{"a reset in the alternate screen", "1\x1b[?1049hvi\x1bc2", []string{"1", "2"}},
		{"a region in the middle", "1\r\n\x1b[2;3r\x1b[3Ha\r\nb\r\nc\x1b[r\x1b[3;2H", []string{"1", "b", "c"}},
		{"scrolled", "1\r\n2\r\n3\x1b[2S", []string{"1", "2", "3"}},
	} {
		if got := left(t, test.output); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q leaves %q, want %q", test.name, test.output, got, test.want)
		}
	}
}

func TestLinesLeaveASmallerScreen(t *testing.T) {
	var lines []string
	s := New(10, 4)
	s.OnScroll = func(l Line) { lines = append(lines, l.String()) }
	write(t, s, []byte("1\r\n2\r\n3\r\n4"))
	s.Resize(10, 2)
	if want := []string{"1", "2"}; !slices.Equal(lines, want) || !slices.Equal(s.Text(), []string{"3", "4"}) {
		t.Errorf("%q left, and %q is shown", lines, s.Text())
	}
}

func TestLineFeedReturns(t *testing.T) {
	s := New(10, 3)
	s.LineFeedReturns(true)
	write(t, s, []byte("one\ntwo\x1bc\x1b[20lone\ntwo"))
	if got := s.Text(); got[0] != "one" || got[1] != "two" {
		t.Errorf("Text() = %q", got)
	}
}

func TestLinesHaveTheStampOfTheirLastChange(t *testing.T) {
	var stamps []uint64
	s := New(10, 3)
	s.OnScroll = func(l Line) { stamps = append(stamps, l.Stamp) }
	for i, output := range []string{"1\r\n2", "2\r\n\r\n", "\x1b[A3\r\n", "\x1b[A\x1b[Ax\r\n\r\n4", "\x1b[H\x1b[7m\x1b[1J"} {
		if s.Stamp = uint64(i + 1); i == 3 {
			s = s.Snapshot() // which shares its lines
			s.OnScroll = func(l Line) { stamps = append(stamps, l.Stamp) }
		}
		write(t, s, []byte(output))
	}
	s.Resize(20, 3)
	s.Drain()
	if want := []uint64{1, 5, 3, 4}; !slices.Equal(stamps, want) {
		t.Errorf("the lines that left have the stamps %d, want %d", stamps, want)
	}
}
