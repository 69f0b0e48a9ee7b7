// Package event says what can happen on an SSH connection.
//
// A happening is an [Event]: which connection, when, on which channel, and a
// [Body], a plain struct whose fields are the facts. One table ([Table]) gives each
// body its number, its names and its Go type; the binary format, the JSON, the
// documentation and the search read that table and the struct's tags, so a new kind
// of event is a struct here and a row there.
package event

import (
	"crypto/rand"
	"encoding/hex"
	"io"
	"time"
)

// ConnID names one connection, and the log that is kept of it. Ours are UUIDv7
// (RFC 9562 §5.7) in 32 lower-case hexadecimal digits, so that names sort by time.
type ConnID string

// Gateway is the ConnID of what belongs to no connection.
const Gateway ConnID = "gateway"

// NewConnID returns a fresh id for a connection that began at t. It panics if
// random fails, since an id that could be guessed or used twice is worth nothing; a
// nil random means crypto/rand.
func NewConnID(t time.Time, random io.Reader) ConnID {
	if random == nil {
		random = rand.Reader
	}
	var u [16]byte
	if _, err := io.ReadFull(random, u[6:]); err != nil {
		panic("event: no randomness for an id: " + err.Error())
	}
	ms := uint64(t.UnixMilli())
	for i := range 6 {
		u[i] = byte(ms >> (40 - 8*i))
	}
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return ConnID(hex.EncodeToString(u[:]))
}

// Time returns when the connection began that an id of ours was made for, to the
// millisecond; ok is false for an id that is no UUIDv7.
func (id ConnID) Time() (began time.Time, ok bool) {
	u, err := hex.DecodeString(string(id))
	if err != nil || len(u) != 16 || u[6]>>4 != 7 {
		return time.Time{}, false
	}
	ms := int64(0)
	for _, b := range u[:6] {
		ms = ms<<8 | int64(b)
	}
	return time.UnixMilli(ms), true
}

// Event is one thing that happened. An Event that was read from a log is the
// caller's to keep: it shares no memory with the reader.
type Event struct {
	// Seq is the event's number in its log, from 0.
	Seq uint64
	// Conn is the connection that it happened on.
	Conn ConnID
	// Time is in nanoseconds since 1970-01-01 UTC. It never decreases in a log.
	Time int64
	// Channel is the channel's number on its connection, in order of opening from 0,
	// for the types that belong to a channel (see [Type.OnChannel]); 0 for others.
	Channel uint64
	// Body holds the facts. It is never nil.
	Body Body
	// More holds the keys of the payload that Body has no field for, in the order of
	// the file: those of a later version. It is nil in an event to be written.
	More Map
}

// Body is the facts of one kind of event: a pointer to one of the structs of this
// package. Strings and byte slices in a body hold the peer's bytes as they were,
// whether or not they are valid UTF-8.
type Body interface {
	// Type returns the number that the event has in a log.
	Type() Type
}

// Type is the number of a kind of message, as in ContainerSSH's audit log.
type Type uint32

// OnChannel reports whether events of this type belong to a channel.
func (t Type) OnChannel() bool { return t >= 300 }

// Map is a map whose order is kept. Its values are nil, bool, int64, uint64 (only
// what int64 cannot hold), string, []byte, []any and Map.
type Map []Pair

// Pair is one entry of a [Map].
type Pair struct {
	Key   string
	Value any
}

// Get returns the value of key, and whether it is there.
func (m Map) Get(key string) (any, bool) {
	for _, p := range m {
		if p.Key == key {
			return p.Value, true
		}
	}
	return nil, false
}
