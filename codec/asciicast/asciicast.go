// Package asciicast is the format of the asciinema player, versions 2 and 3: a view of one
// terminal, for watching.
//
// A cast has what one session channel printed, what was typed where that was recorded,
// when its programs began, and how large its terminal was. It is made of a log's events
// by an [Encoder], and is no evidence: the log holds what it was made from, to the byte,
// and all the rest.
//
// The format: https://docs.asciinema.org/manual/asciicast/v2/ and v3.
package asciicast

import (
	"fmt"

	"github.com/sshtrail/sshtrail/event"
)

// Version is a version of the format.
type Version int

// The versions that there are: asciinema 2 reads V2 and not V3, asciinema 3 and the
// players on the web read both.
const (
	V2 Version = 2
	V3 Version = 3
)

// MediaType is what a cast is served as.
const MediaType = "application/x-asciicast"

// Name is the name of a cast's file.
func Name(conn event.ConnID, channel uint64) string {
	return fmt.Sprintf("%s.%d.cast", conn, channel)
}
