// Package upgrades holds rigs that kill gateways at any moment of an upgrade.
//
// Whichever of the two processes is killed, the other does what it would have done: whoever
// can serve serves, sessions of the survivor go on, and no log stays without an end.
package upgrades
