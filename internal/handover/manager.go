package handover

import (
	"net"
	"strings"
	"time"
)

// Manager is the service manager, if there is one that wants to be told (sd_notify(3)).
type Manager struct{ address string }

// managersPatience is how long a message to the manager may wait for it to read.
const managersPatience = time.Second

// Wants reports whether there is a service manager that wants to be told.
func (m Manager) Wants() bool { return m.address != "" }

// Tell tells the manager. Each assignment is of the form NAME=value without a line feed.
// That nobody listens is no fault of the service's, so there is no error.
func (m Manager) Tell(assignments ...string) {
	if !m.Wants() {
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
