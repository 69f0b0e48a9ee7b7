//go:build !linux

package whole

import "net"

// conn leaves the connection as it is: what other systems have (TCP_NOPUSH) takes more
// calls than it saves.
func conn(c net.Conn) net.Conn { return c }
