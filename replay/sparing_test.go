package replay

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

// sparingLog has 2,000 blocks, with sessions that begin, end and change their size here and there.
func sparingLog(t *testing.T) []byte {
	s := newSample(t)
	s.limit = 100
	s.begin(0, 40, 10)
	for i := range 2000 {
		s.print(time.Second, 0, strings.Repeat("x", 100))
		switch i {
		case 300:
			s.begin(1, 80, 24)
		case 500:
			s.add(0, 0, &event.Window{Columns: 60, Rows: 20})
		case 600:
			s.add(0, 1, &event.Exit{})
			s.close(1)
		}
	}
	s.add(0, 0, &event.Exit{})
	s.close(0)
	return s.end()
}

func TestSparingFindsTheSame(t *testing.T) {
	log := sparingLog(t)
	all, less := &counted{ReaderAt: bytes.NewReader(log)}, &counted{ReaderAt: bytes.NewReader(log)}
	want, err := Open(all, int64(len(log)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(less, int64(len(log)), Options{Sparing: true})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Channels, want.Channels) || got.end > want.end || want.end-got.end > int64(time.Second) || got.User != want.User || !got.Ended {
		t.Errorf("found %+v and %+v, want %+v and %+v", *got.Channels[0], *got.Channels[1], *want.Channels[0], *want.Channels[1])
	}
	if got.index.blocks != want.index.blocks {
		t.Errorf("%d blocks, want %d", got.index.blocks, want.index.blocks)
	}
	for i, p := range got.index.points {
		if w := want.index.points[i*int(got.index.step)/int(want.index.step)]; p != w {
			t.Fatalf("block %d is at %v, want %v", i*int(got.index.step), p, w)
		}
	}
	if less.n > all.n*7/10 { // the headers behind the end of channel 1 are read all the same
		t.Errorf("%d bytes were read, %d without sparing: want 70 %% at most", less.n, all.n)
	}
}

// TestAnIndexThatCanNotBeIsNotUsed: what a summary says is anybody's.
func TestAnIndexThatCanNotBeIsNotUsed(t *testing.T) {
	good := func() *binary.Tail {
		return &binary.Tail{Blocks: 3, Summary: &event.Summary{Index: [][2]int64{{binary.FirstBlock, 1}, {900, 2}, {1000, 2}}}}
	}
	if x, ok := indexOf(good()); !ok || x.step != 1 || len(x.points) != 3 {
		t.Errorf("indexOf of a good one = %+v, %v", x, ok)
	}
	five := good()
	five.Blocks = 5
	if x, ok := indexOf(five); !ok || x.step != 2 {
		t.Errorf("indexOf with 5 blocks = %+v, %v, want step 2", x, ok)
	}
	for name, change := range map[string]func(*binary.Tail){
		"empty":             func(t *binary.Tail) { t.Summary.Index = nil },
		"too many":          func(t *binary.Tail) { t.Blocks = 2 },
		"no blocks":         func(t *binary.Tail) { t.Blocks = 0 },
		"offsets backwards": func(t *binary.Tail) { t.Summary.Index[2][0] = 900 },
		"times backwards":   func(t *binary.Tail) { t.Summary.Index[1][1] = 0 },
		"another beginning": func(t *binary.Tail) { t.Summary.Index[0][0]++ },
		"not a step":        func(t *binary.Tail) { t.Blocks = 100 },
	} {
		tail := good()
		change(tail)
		if x, ok := indexOf(tail); ok {
			t.Errorf("%s: indexOf = %+v", name, x)
		}
	}
}
