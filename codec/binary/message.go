package binary

import (
	"github.com/sshtrail/sshtrail/event"
)

// Message is one message of a log, read and checked but not taken apart:
// [Message.Event] and [Message.AppendJSON] do that. It is valid until the reader that
// gave it goes on.
type Message struct {
	Seq  uint64 // number in its log
	Conn event.ConnID
	Time int64 // ns since 1970
	Type event.Type
	Kind event.Kind
	// Channel is the channel's number, 0 for types that belong to none.
	Channel uint64
	// Extension is the NAME of an extension, else empty.
	Extension string

	raw     []byte // canonical CBOR, but for what [canonical] says of foreign files
	payload int    // where the payload begins in raw
	data    int    // where the data of an extension begins, 0 if it is none
	channel int    // where the channelId begins
	size    int    // bytes of an I/O message's data
}

// Bytes returns the message in CBOR. It is valid as long as m is.
func (m *Message) Bytes() []byte { return m.raw }

// The types that the format treats in a way of their own.
const (
	typeOnConnection event.Type = 200 // carries extensions
	typeOnChannel    event.Type = 400 // and this one
	typeIO           event.Type = 500
)
