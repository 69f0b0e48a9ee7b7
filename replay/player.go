package replay

import (
	"errors"
	"io"
	"sort"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/replay/screen"
)

const (
	// nearBlocks is how far a seek reads from a screen that is exact.
	nearBlocks = 8
	// leadBlocks and leadBytes are how much a seek reads before a moment otherwise: at least one block.
	leadBlocks = 8
	leadBytes  = 768 << 10

	workSlice = 1 << 20

	maxSaved     = 32       // screens that are kept
	savedMemory  = 8 << 20  // about what they take
	cellMemory   = 40       // of a cell
	firstSpacing = 64 << 10 // bytes of output between them, in the beginning
	maxMarks     = 1 << 16
)

// Mark is a place that somebody may look for: where a program was started, where a line was typed to
// its end, or, if nothing that was typed is recorded, where there seems to be a prompt.
type Mark struct {
	Seq uint64 // of the frame that is shown there as the last
	At  time.Duration
}

// Player has the screen of a channel at a moment. It is for one goroutine at a time, and two
// of one log are too.
type Player struct {
	log  *Log
	ch   *Channel
	show *view
	// behind is exact and catches up with show, or, if it has a goal, is what show will be.
	// It is nil while show is exact.
	behind *view
	goal   time.Duration // -1: none

	saves   []*view // exact, in order; the first is the start
	spacing int
	marks   []Mark
}

// NewPlayer returns a player at the start of a channel.
func NewPlayer(l *Log, ch *Channel) *Player {
	v := newView(l, ch)
	return &Player{log: l, ch: ch, show: v, goal: -1, saves: []*view{v.saved()}, spacing: firstSpacing}
}

// Screen returns what is shown. It is the player's, until the next call of a method that moves.
func (p *Player) Screen() *screen.Screen { return p.show.screen }

// At returns the time of the last frame that is shown, or of the last seek.
func (p *Player) At() time.Duration { return p.show.at }

// Exact reports whether the screen is what it was; if not, something on it may be missing,
// until [Player.Work] has done its part.
func (p *Player) Exact() bool { return p.behind == nil }

// Seeking reports whether a seek is not there yet, which [Player.Work] brings there.
func (p *Player) Seeking() bool { return p.goal >= 0 }

// Done returns how much of the way Work has gone, from 0 to 1.
func (p *Player) Done() float64 {
	if p.behind == nil {
		return 1
	}
	to := p.show.at
	if p.goal >= 0 {
		to = p.goal
	}
	return min(1, float64(p.behind.at)/float64(max(1, to)))
}

// Next returns the next frame, which is not shown yet. The error is io.EOF if there is
// none, which may be different later in a log that is being written.
func (p *Player) Next() (*Frame, error) { return p.show.peek() }

// Step shows the next frame, and reports whether it is a mark.
func (p *Player) Step() (Frame, bool, error) {
	f, mark, err := p.show.step()
	if err == nil && p.behind == nil {
		p.passed(p.show, mark)
	}
	return f, mark, err
}

// passed takes note of where an exact view has come to for the first time.
func (p *Player) passed(v *view, mark bool) {
	if n := len(p.marks); mark && n < maxMarks && (n == 0 || p.marks[n-1].Seq < v.seq) {
		p.marks = append(p.marks, Mark{v.seq, v.at})
	}
	last := p.saves[len(p.saves)-1]
	if v.bytes < p.spacing || last.any && last.seq >= v.seq {
		return
	}
	v.bytes = 0
	columns, rows := v.screen.Size()
	most := max(1, min(maxSaved, savedMemory/(columns*rows*cellMemory)))
	if most == 1 {
		return
	}
	for len(p.saves) >= most {
		p.spacing *= 2
		kept := p.saves[:0]
		for i, s := range p.saves {
			if i%2 == 0 {
				kept = append(kept, s)
			}
		}
		clear(p.saves[len(kept):])
		p.saves = kept
	}
	p.saves = append(p.saves, v.saved())
}

// Seek shows the screen of a moment: everything that happened up to then, and not what
// came after. The end of the log is as far as it goes. See the package's comment for when that
// takes [Player.Work].
func (p *Player) Seek(to time.Duration) error {
	to = max(0, to)
	start := p.nearest(to)
	p.goal = -1
	if p.log.stream {
		p.behind, p.goal = start, to
		return nil
	}
	heads, err := p.log.upTo(p.ch.Start+int64(to), leadBlocks)
	if err != nil {
		return p.log.note(err)
	}
	if n := len(heads); n == 0 || heads[n-1].Number <= start.cursor.number+nearBlocks {
		p.show, p.behind = start, nil
	} else {
		p.show, p.behind = p.begin(heads), start
	}
	return p.forward(to)
}

// nearest returns an exact view that is not after a moment, which is the caller's.
func (p *Player) nearest(to time.Duration) *view {
	i := sort.Search(len(p.saves), func(i int) bool { return p.saves[i].at > to })
	best := p.saves[max(0, i-1)]
	for _, v := range []*view{p.show, p.behind} {
		exact := v != nil && (p.behind == nil || v == p.behind)
		if exact && v.at <= to && v.at >= best.at && (v.seq >= best.seq || !best.any) {
			best = v
		}
	}
	return best.saved()
}

// begin returns a view that begins with an empty screen, in the first of the blocks from which the way
// to the last is not too long.
func (p *Player) begin(heads []binary.Head) *view {
	first := len(heads) - 1
	for first > 0 && heads[len(heads)-1].Next-heads[first-1].Offset <= leadBytes {
		first--
	}
	h := &heads[first]
	v := newView(p.log, p.ch)
	v.cursor.offset, v.cursor.number, v.cursor.next = h.Offset, h.Number, h.First
	v.screen.LineFeedReturns(!p.ch.Terminal)
	v.screen.Resize(p.ch.sizeAt(h.From))
	v.fresh = false
	return v
}

// forward shows everything up to a moment.
func (p *Player) forward(to time.Duration) error {
	for {
		f, err := p.show.peek()
		if err == nil && f.At <= to {
			if _, _, err = p.Step(); err == nil {
				continue
			}
		}
		if err == nil || to <= p.ch.Length() {
			p.show.at = max(p.show.at, min(to, p.ch.Length()))
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
}

// Reach shows the screen of a moment as Seek does, and returns when it is exact.
func (p *Player) Reach(to time.Duration) error {
	err := p.Seek(to)
	for done := false; err == nil && !done; {
		done, err = p.Work(workSlice)
	}
	return err
}

// Work does a part of what is to be done until the screen is exact, about as much as the output of
// this many bytes takes, and reports whether there is nothing left.
func (p *Player) Work(budget int) (bool, error) {
	for budget > 0 && p.behind != nil {
		f, err := p.behind.peek()
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return false, err
		case p.goal >= 0 && (err != nil || f.At > p.goal):
			p.behind.at = max(p.behind.at, min(p.goal, p.ch.Length()))
			p.show, p.behind, p.goal = p.behind, nil, -1
		case p.goal < 0 && (err != nil || f.Seq >= p.show.upTo()):
			p.behind.at = p.show.at
			p.show, p.behind = p.behind, nil
		default:
			_, mark, err := p.behind.step()
			if err != nil {
				return false, err
			}
			p.passed(p.behind, mark)
			budget -= len(f.Data) + 256
		}
	}
	return p.behind == nil, nil
}

// Before returns the last mark before a moment that is known: marks are, up to where the player has
// been by exact screens.
func (p *Player) Before(at time.Duration) (Mark, bool) {
	i := sort.Search(len(p.marks), func(i int) bool { return p.marks[i].At >= at })
	if i == 0 {
		return Mark{}, false
	}
	return p.marks[i-1], true
}
