// Package leftover ends what golang.org/x/crypto/ssh leaves running.
//
// The library reads packets in one goroutine and uses them in another, with a queue of 16
// between them. When the one that uses them gives up (on a malformed message, or at a
// login that fails), nobody empties the queue: if its peer has sent more than fits, the
// one that reads waits for ever, with all that it holds, and whoever waits for the
// connection's end waits too. A peer does that in one write. There is no way in that the
// library offers.
package leftover

import (
	"reflect"
	"unsafe"
)

// Queue is a connection's queue of packets that were read and not used yet.
type Queue <-chan []byte

// Of returns the queue of a connection of the library's: an ssh.Conn, an ssh.ServerConn's
// Conn or an ssh.ServerPreAuthConn. It is nil for what is none, and for a version of the
// library that is made in another way: a test says so.
func Of(conn any) Queue {
	v := reflect.ValueOf(conn)
	for _, field := range []string{"transport", "incoming"} {
		for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return nil
		}
		v = v.FieldByName(field)
	}
	if !v.IsValid() || !v.CanAddr() || v.Type() != reflect.TypeFor[chan []byte]() {
		return nil
	}
	return *(*chan []byte)(unsafe.Pointer(v.UnsafeAddr()))
}

// Drain empties the queue until the goroutine that fills it has ended, which it does once
// the connection below is closed. It is for when nobody uses the connection any more.
func (q Queue) Drain() {
	if q == nil {
		return
	}
	for range q { // nobody wants it
	}
}
