package tap

import (
	"iter"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
)

// Request is a request from the client, which has been recorded: an ssh.Request whose
// reply is recorded too.
type Request struct {
	Type      string
	WantReply bool
	Payload   []byte

	raw    *ssh.Request
	record func(ok bool, reason string, payload []byte) error
	force  func(program string) error
}

// Force records that program runs instead of the one that was asked for. It is for
// requests that start a program.
func (r *Request) Force(program string) error { return r.force(program) }

// Reply records and sends the answer. As with ssh.Request it must be called for each
// request that wants one, and does nothing for others.
func (r *Request) Reply(ok bool, payload []byte) error {
	if !r.WantReply {
		return nil
	}
	return r.answer(ok, "", payload)
}

// Refuse is Reply(false, nil) with a reason, which is recorded, also if no reply is
// wanted. SSH has no way to tell the client.
func (r *Request) Refuse(reason string) error { return r.answer(false, reason, nil) }

func (r *Request) answer(ok bool, reason string, payload []byte) error {
	if err := r.record(ok, reason, payload); err != nil {
		ok, payload = false, nil
	}
	return r.raw.Reply(ok, payload)
}

// Discard refuses all requests, as ssh.DiscardRequests does.
func Discard(requests iter.Seq[*Request]) {
	for r := range requests {
		r.Reply(false, nil) // who has gone needs no reply
	}
}

func reply(id uint64, ok bool, reason string) event.Body {
	if ok {
		return &event.RequestAccepted{RequestID: id}
	}
	return &event.RequestFailed{RequestID: id, Reason: reason}
}

// requests records the client's requests on a channel. One that is malformed is
// refused here: what nobody can read, nobody should act on.
func (c *Channel) requests(raw <-chan *ssh.Request) iter.Seq[*Request] {
	return func(yield func(*Request) bool) {
		for r := range raw {
			id := c.requestID.Add(1) - 1
			body, malformed := c.decode(id, r)
			req := &Request{Type: r.Type, WantReply: r.WantReply, Payload: r.Payload, raw: r,
				record: func(ok bool, reason string, _ []byte) error { return c.emit(reply(id, ok, reason)) },
				force: func(program string) error {
					return c.emit(&event.ForcedCommand{RequestID: id, Program: program})
				}}
			switch err := c.emit(body); {
			case err != nil:
				r.Reply(false, nil)
			case malformed != nil:
				req.Refuse(malformed.Error())
			case !yield(req):
				return
			}
		}
		if c.conn.endedBy() == event.ByClient {
			c.clientClosed.Store(true)
		}
	}
}

func (c *Channel) decode(id uint64, r *ssh.Request) (event.Body, error) {
	newBody, known := channelRequests[r.Type]
	if !known {
		return &event.ChannelRequestUnknown{RequestID: id, RequestType: r.Type, Payload: r.Payload}, nil
	}
	body := newBody()
	if err := unmarshal(r.Payload, body, id, false); err != nil {
		return &event.ChannelRequestDecodeFailed{RequestID: id, RequestType: r.Type, Payload: r.Payload, Reason: err.Error()}, err
	}
	if x, ok := body.(*event.X11); ok && !c.conn.intercept.Passwords {
		x.Cookie, x.CookieHidden = "", true
	}
	return body, nil
}

func targetRequest(id uint64, name string, payload []byte) event.Body {
	newBody, known := targetRequests[name]
	if !known {
		return &event.ChannelRequestUnknown{RequestID: id, RequestType: name, Payload: payload, By: event.ByTarget}
	}
	body := newBody()
	if err := unmarshal(payload, body, id, false); err != nil {
		return &event.ChannelRequestDecodeFailed{RequestID: id, RequestType: name, Payload: payload, Reason: err.Error(), By: event.ByTarget}
	}
	return body
}

// globalRequests records the client's global requests (RFC 4254 §4).
func (c *Conn) globalRequests(raw <-chan *ssh.Request) iter.Seq[*Request] {
	return func(yield func(*Request) bool) {
		var id uint64
		for r := range raw {
			body, malformed := globalRequest(id, r)
			id++
			req := &Request{Type: r.Type, WantReply: r.WantReply, Payload: r.Payload, raw: r,
				record: func(ok bool, reason string, payload []byte) error {
					return c.emit(0, &event.GlobalReply{RequestType: r.Type, Accepted: ok, Reason: reason, Payload: payload, By: event.ByTarget})
				},
				force: func(string) error { panic("tap: a global request starts no program") }}
			switch err := c.emit(0, body); {
			case err != nil:
				r.Reply(false, nil)
			case malformed != nil:
				req.Refuse(malformed.Error())
			case !yield(req):
				return
			}
		}
		c.gone()
	}
}

func globalRequest(id uint64, r *ssh.Request) (event.Body, error) {
	newBody, known := globalRequests[r.Type]
	if !known {
		return &event.GlobalRequestUnknown{RequestType: r.Type, Payload: r.Payload}, nil
	}
	body := newBody()
	if err := unmarshal(r.Payload, body, id, false); err != nil {
		return &event.GlobalRequestDecodeFailed{RequestID: id, RequestType: r.Type, Payload: r.Payload, Reason: err.Error()}, err
	}
	return body, nil
}
