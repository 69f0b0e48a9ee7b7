package metrics

import (
	"net"
	"testing"
)

// pipes is a listener whose connections are in memory.
type pipes struct {
	net.Listener
	far []net.Conn
}

func (p *pipes) Accept() (net.Conn, error) {
	near, far := net.Pipe()
	p.far = append(p.far, far)
	return near, nil
}

// However many connections there are, the newest are served, and no more are kept.
func TestOldestConnectionsGo(t *testing.T) {
	p := &pipes{}
	n := &newestOnly{Listener: p}
	for range 3 * len(n.kept) {
		c, err := n.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	for i, far := range p.far {
		gone := i < 2*len(n.kept)
		if !gone {
			go n.kept[i%len(n.kept)].Write([]byte("x")) // ends with the read below
		}
		if _, err := far.Read(make([]byte, 1)); (err != nil) != gone {
			t.Errorf("connection %d of %d: Read = %v", i, len(p.far), err)
		}
	}
}
