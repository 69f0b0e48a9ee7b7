// Package metrics tells how a gateway is: its numbers to Prometheus, and whether it
// works and would take a session to whoever watches over it.
//
// Nothing is counted here. A [Server] asks the parts of the gateway, at the time of the
// question, for what they know anyway; they answer without waiting for a disk. The
// labels of the numbers come from closed sets, never from a peer: a stranger can make
// no series, and finds out nothing about other people.
package metrics

import "github.com/sshtrail/sshtrail/record"

// Sources are the parts that are asked. Each may be called at any time and concurrently,
// and does not wait for a disk or a peer.
type Sources struct {
	Gateway func() Gateway
	// Recorder is nil if nothing is recorded.
	Recorder func() record.Stats
	// Uploads is nil if logs are kept on this machine only.
	Uploads func() Uploads
}

// Gateway is what a gateway can tell of itself at a moment. Its counters never fall.
type Gateway struct {
	// Startups are connections that are not logged in yet, Sessions those that are, and
	// Farewells those that are told why they are refused.
	Startups, Sessions, Farewells int
	// Connections were accepted. Each is a login, a refusal, or not decided yet.
	Connections uint64
	Refused     map[Refusal]uint64
	Logins      map[Method]uint64
	// Obstacles are why a session that begins now would not be accepted and recorded,
	// a sentence each, for the operator; none if it would be.
	Obstacles []string
}

// Messages is what became of the gateway's messages since its start, apart from those
// that were written.
type Messages struct {
	Dropped  uint64 // their reader was too slow
	HeldBack uint64 // told as a number only, since they repeat others
}
