package binary

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"unsafe"
)

// ahead reads blocks before their turn, and has several inflated and checked at once. It
// never finds fault: of a block that is good by itself its turn asks only whether it fits
// the one before it, and any other is read again, as if nothing had been read ahead. So
// there is one place that says what is wrong with a log.
type ahead struct {
	most   int // tasks at once
	render func(dst []byte, m *Message) []byte
	queue  []*task // in the order of the file; the first is next
	taken  int     // memory that those in queue and now may take
	now    *task   // whose messages are being read
	idle   []*task // for the next ones
	over   bool    // nothing more can be read ahead
}

// maxAhead bounds the memory that blocks take which are read ahead. A single one may take
// more, about 17 MiB, but is not rendered.
const maxAhead = 16 << 20

// maxIdle is the largest task whose memory is used again.
const maxIdle = 1 << 20

// task is a block that is read ahead.
type task struct {
	p     []byte                              // the member, whole unless the file ends in it
	err   error                               // of reading what is behind p
	cost  int                                 // memory that it may take
	make  func(dst []byte, m *Message) []byte // renders; nil if that is not to be done
	begun bool
	done  chan struct{}

	alone blocks // with the block's content, messages and tally
	head  header
	sum   [sha256.Size]byte
	good  bool
	text  []byte // what render made of the messages
	ends  []int  // where each one's ends, if all were rendered
}

// Parallel has the Reader read a log of ours ahead, and inflate and check up to n blocks
// at once beside the caller. What it returns and finds is the same. It is for files: from
// what makes a reader wait, a pipe for instance, a message would come later than it could.
// It is called before the first Next. If render is set, it is called beside the caller too,
// for several messages at once, and appends what [Reader.Rendered] returns.
func (r *Reader) Parallel(n int, render func(dst []byte, m *Message) []byte) {
	if n > 1 {
		r.ahead = &ahead{most: n, render: render}
	}
}

// Rendered returns what the function given to [Reader.Parallel] made of the message that
// Next returned last. It is nil where that was not called: the caller has to do it. It is
// valid until the next call of Next.
func (r *Reader) Rendered() []byte {
	if r.ahead == nil || r.ahead.now == nil || r.next == 0 || r.next > len(r.ahead.now.ends) {
		return nil
	}
	t, start := r.ahead.now, 0
	if r.next > 1 {
		start = t.ends[r.next-2]
	}
	return t.text[start:t.ends[r.next-1]]
}

// adopt goes on behind the next block if that was read ahead and is good. If it is not
// the reading ahead is over, and the caller reads it, from src again.
func (a *ahead) adopt(r *Reader) bool {
	a.release()
	r.own.messages = nil // they were a task's, which may be at work on another block now
	a.fill(r)
	if len(a.queue) == 0 {
		return false
	}
	t := a.queue[0]
	<-t.done
	o := r.own
	if h, end, err := o.chain.readHead(t.p[:min(len(t.p), blockHead)], o.check.tally.sealed); !t.good || end || err != nil || h != t.head {
		r.src = a.giveBack(r.src)
		return false
	}
	a.now, a.queue = t, a.queue[1:]
	o.messages = t.alone.messages
	o.check.tally.merge(&t.alone.check.tally)
	o.chain.add(&t.head, t.sum)
	return true
}

// release lets go of the block whose messages were read.
func (a *ahead) release() {
	if a.now != nil {
		a.taken -= a.now.cost
		if a.now.cost <= maxIdle {
			a.idle = append(a.idle, a.now)
		}
		a.now = nil
	}
}

// giveBack ends the reading ahead, and returns a source that has again what was read.
func (a *ahead) giveBack(src *bufio.Reader) *bufio.Reader {
	var again []io.Reader
	for _, t := range a.queue {
		again = append(again, bytes.NewReader(t.p))
		if t.err != nil {
			again = append(again, failing{t.err})
		}
	}
	a.queue = nil
	return bufio.NewReaderSize(io.MultiReader(append(again, src)...), window)
}

// failing is a source that can't be read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// fill begins to read as many blocks ahead as may be.
func (a *ahead) fill(r *Reader) {
	for n := len(a.queue); ; n++ {
		if n > 0 && !a.begin(a.queue[n-1]) || a.over || n >= a.most {
			return
		}
		t := a.read(r)
		if t == nil {
			return
		}
		a.queue = append(a.queue, t)
	}
}

// read reads the next member. It returns nil if there is none, or what can't be one.
func (a *ahead) read(r *Reader) *task {
	p, err := r.src.Peek(blockHead)
	if len(p) < blockHead {
		a.over = true
		if err != io.EOF { // it is told once only
			r.src = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(bytes.Clone(p)), failing{err}), window)
		}
		return nil
	}
	h := plainHead(p)
	if string(p[:len(gzipHead)]) != gzipHead || h.flags&flagEnd != 0 || int(h.size) < blockHead+trailer || h.size > maxMember {
		a.over = true
		return nil
	}
	t := a.task()
	t.head = h
	t.alone.buf = t.alone.buf[:0]
	if t.p, err = t.alone.member(r.src, int(h.size)); err != nil {
		t.p, t.err = t.alone.buf, errors.Unwrap(err)
	}
	t.cost = len(t.p)
	if len(t.p) == int(h.size) {
		size := t.size()
		t.cost += size + min(int(h.messages), size/minMessage)*int(unsafe.Sizeof(Message{}))
		if more := maxRendered(size); a.render != nil && t.cost+more <= maxAhead {
			t.cost += more
			t.make = a.render
		}
	}
	return t
}

// task returns one to be filled.
func (a *ahead) task() *task {
	t := &task{}
	if n := len(a.idle); n > 0 {
		t, a.idle = a.idle[n-1], a.idle[:n-1]
	}
	t.err, t.make, t.begun, t.good, t.done = nil, nil, false, false, make(chan struct{})
	return t
}

// plainHead returns the header of a block as it stands there.
func plainHead(p []byte) header {
	le, b := binary.LittleEndian, p[len(gzipHead):]
	return header{
		flags: b[1], size: le.Uint32(b[4:]), messages: le.Uint32(b[8:]), block: le.Uint32(b[12:]), first: le.Uint64(b[16:]),
		from: int64(le.Uint64(b[24:])), to: int64(le.Uint64(b[32:])), kinds: le.Uint32(b[40:]), back: le.Uint32(b[44:]),
		previous: [sha256.Size]byte(b[48:]),
	}
}

// size is how long the content is, as the member says.
func (t *task) size() int {
	return int(min(binary.LittleEndian.Uint32(t.p[len(t.p)-4:]), MaxContent))
}

// begin has a task done beside the caller, if there is room for it or nothing else.
func (a *ahead) begin(t *task) bool {
	if t.begun || a.taken > 0 && a.taken+t.cost > maxAhead {
		return t.begun
	}
	t.begun = true
	a.taken += t.cost
	if len(t.p) < int(t.head.size) {
		close(t.done)
		return true
	}
	go t.work() // ends by itself: it waits for nothing
	return true
}

// work reads the block, as far as that is possible without those before it. A summary is
// about them.
func (t *task) work() {
	defer close(t.done)
	o := &t.alone
	o.messages, o.summary, o.check.tally = o.messages[:0], nil, tally{messages: t.head.first}
	t.text, t.ends = t.text[:0], t.ends[:0]
	if o.open(t.p, t.size()) != nil || o.readContent(&t.head) != nil || o.summary != nil {
		return
	}
	t.sum = sha256.Sum256(t.p)
	t.good = true
	if t.make != nil {
		t.render()
	}
}

// maxRendered bounds what messages of so many bytes become. As JSON keystrokes become
// three times as large, and a text of controls six times.
func maxRendered(size int) int { return 4*size + 64<<10 }

// render renders the messages, unless that takes too much memory.
func (t *task) render() {
	limit := maxRendered(len(t.alone.content))
	for i := range t.alone.messages {
		m := &t.alone.messages[i]
		if len(t.text)+6*len(m.raw) > limit {
			t.text, t.ends = nil, nil
			return
		}
		t.text = t.make(t.text, m)
		t.ends = append(t.ends, len(t.text))
	}
}
