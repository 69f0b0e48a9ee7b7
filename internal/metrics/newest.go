package metrics

import "net"

// newestOnly keeps the newest connections and closes the one that is oldest: whoever
// holds connections open can't keep others out, nor use up memory.
type newestOnly struct {
	net.Listener
	kept [64]net.Conn
	next int
}

// Accept is net.Listener's. It is called by one goroutine.
func (n *newestOnly) Accept() (net.Conn, error) {
	c, err := n.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if oldest := n.kept[n.next]; oldest != nil {
		oldest.Close() // mostly it is closed already
	}
	n.kept[n.next] = c
	n.next = (n.next + 1) % len(n.kept)
	return c, nil
}
