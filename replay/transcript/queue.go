package transcript

import "time"

// maxQueue is how many bytes wait at most.
const maxQueue = 1 << 20

// queue is what waits for the lines that were printed before it, and are on the screen
// still: they leave it later.
type queue struct {
	items []item
	bytes int
}

type item struct {
	at   time.Duration
	text []byte // whole lines
}

// put has text written in its time.
func (t *transcript) put(at time.Duration, text []byte) {
	q := &t.queue
	q.items, q.bytes = append(q.items, item{at, text}), q.bytes+len(text)
	for q.bytes > maxQueue {
		t.next()
	}
}

// release writes what was before a time.
func (t *transcript) release(until time.Duration) {
	for len(t.queue.items) > 0 && t.queue.items[0].at < until {
		t.next()
	}
}

// next writes what has waited longest.
func (t *transcript) next() {
	t.endLine()
	q := &t.queue
	t.write(string(q.items[0].text))
	q.bytes -= len(q.items[0].text)
	q.items[0].text = nil
	if q.items = q.items[1:]; len(q.items) == 0 {
		q.items = nil
	}
}
