package gateway

import (
	"io"
	"net"
	"time"
)

const (
	farewellTime = time.Second
	farewellRead = 64 << 10
)

// sayAndEnd says a sentence to a client that is not served, and ends the connection to
// it. It reads on until the client has closed its side too, for a second at most: closed
// with bytes unread, the kernel would reset the connection, and the sentence be lost.
func sayAndEnd(c net.Conn, sentence string) {
	c.SetDeadline(time.Now().Add(farewellTime))
	if _, err := io.WriteString(c, sentence); err != nil {
		return
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		io.CopyN(io.Discard, c, farewellRead) // whatever ends it, the connection is over
	}
}
