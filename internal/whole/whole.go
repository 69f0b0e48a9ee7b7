// Package whole has a packet of golang.org/x/crypto/ssh leave in one piece.
//
// The library writes through a buffer of 4 KiB: a packet of 32 KiB becomes a write of the
// 4,096 bytes that fill the buffer, and another of the rest. TCP sends each at once, so
// the peer is woken for the first and again for the second, and on the loopback that
// happens within the write. A gateway that passes on text spent about a tenth of its CPU
// on that.
package whole

import "net"

// buffered is the size of the library's buffer (bufio's default). What is written to the
// network in just this size is mostly the beginning of a packet.
const buffered = 4096

// Conn returns a connection that sends such beginnings together with what follows. Where
// that is not possible it is c itself. It is c in all else; a Write may be called by
// several goroutines, and keeps nothing.
func Conn(c net.Conn) net.Conn { return conn(c) }
