package handover

import (
	"net"
	"strings"
	"time"
)

// manager is the service manager, if there is one that wants to be told (sd_notify(3)).
type manager struct{ address string }

// managersPatience is how long a message to the manager may wait for it to read.
const managersPatience = time.Second

// wants reports whether there is a service manager that wants to be told.
func (m manager) wants() bool { return m.address != "" }

// tell tells the manager. Each assignment is of the form NAME=value without a line feed.
// That nobody listens is no fault of the service's, so there is no error.
func (m manager) tell(assignments ...string) {
	if !m.wants() {
		return
	}
	// A name that begins with @ is in the abstract name space, for package net too.
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: m.address, Net: "unixgram"})
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(managersPatience))
	_, _ = c.Write([]byte(strings.Join(assignments, "\n")))
}

// Managed reports whether there is a service manager that wants to be told.
func (p *Process) Managed() bool { return p.manager.wants() }

// Tell tells the service manager, as in STATUS=fine, unless another process has taken
// over: then what this one does is not the service's state.
func (p *Process) Tell(assignment string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.successor == 0 {
		p.manager.tell(assignment)
	}
}
