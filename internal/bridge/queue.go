package bridge

import (
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/tap"
)

// Requests of one channel, or of the connection, may wait for the target's answer to one
// before them: so many, of so many bytes. A client that sends more than that is not
// waiting for answers.
const (
	maxPending = 128
	// maxPendingBytes has room for the two largest requests: a variable or a terminal's modes,
	// and a command line. x/crypto/ssh takes packets of 256 KiB (its maxPacket).
	maxPendingBytes = 512 << 10
)

// queue is requests that wait to be passed on.
type queue struct {
	requests chan *tap.Request
	bytes    atomic.Int64 // of those in the channel
}

func newQueue() *queue { return &queue{requests: make(chan *tap.Request, maxPending)} }

// add puts a request at the end of the queue, or says why there is no room for it. Only
// one goroutine may add.
func (q *queue) add(r *tap.Request) (full string) {
	if q.bytes.Add(size(r)) > maxPendingBytes {
		q.bytes.Add(-size(r))
		return fmt.Sprintf("requests of more than %d KiB wait for an answer", maxPendingBytes>>10)
	}
	select {
	case q.requests <- r:
		return ""
	default:
		q.bytes.Add(-size(r))
		return fmt.Sprintf("more than %d requests wait for an answer", maxPending)
	}
}

// each passes the requests on until the queue is closed.
func (q *queue) each(pass func(*tap.Request)) {
	for r := range q.requests {
		q.bytes.Add(-size(r))
		pass(r)
	}
}

func size(r *tap.Request) int64 { return int64(len(r.Type) + len(r.Payload)) }

// inOrder passes requests one after the other, for answers have the order of requests,
// but takes them as they come: x/crypto/ssh reads nothing more from the client while it
// can't get rid of one, not even that the client has gone, and would hold 16 more of each
// channel. So one for which there is no room does not wait: it ends the connection. ended
// is called when no more will come.
func (j *joint) inOrder(requests iter.Seq[*tap.Request], pass func(*tap.Request), ended func()) {
	q := newQueue()
	var passing sync.WaitGroup
	j.start(&passing, func() { q.each(pass) })
	for r := range requests {
		if full := q.add(r); full != "" {
			j.client.Conn.CloseWith(event.ByGateway, full)
		}
	}
	close(q.requests)
	ended()
	passing.Wait()
}
