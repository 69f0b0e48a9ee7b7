package session

import (
	"encoding/binary"
	"errors"
	"slices"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/backend"
)

// The payloads of the requests that we know, for ssh.Unmarshal, which refuses what is
// too short and what is too long.
type (
	envRequest struct{ Name, Value string } // RFC 4254 §6.4
	ptyRequest struct {                     // RFC 4254 §6.2
		Term                         string
		Columns, Rows, Width, Height uint32
		Modes                        []byte
	}
	execRequest      struct{ Program string }                      // RFC 4254 §6.5
	subsystemRequest struct{ Name string }                         // RFC 4254 §6.5
	windowRequest    struct{ Columns, Rows, Width, Height uint32 } // RFC 4254 §6.7
	signalRequest    struct{ Name string }                         // RFC 4254 §6.9
	breakRequest     struct{ Milliseconds uint32 }                 // RFC 4335 §3
	exitSignal       struct {                                      // RFC 4254 §6.10
		Name       string
		CoreDumped bool
		Message    string
		Language   string
	}
)

var errModes = errors.New("terminal modes are cut off")

// checkModes says whether encoded terminal modes are whole (RFC 4254 §8): pairs of an
// opcode from 1 to 159 and a uint32, up to an opcode 0, one above 159 or the end.
func checkModes(modes []byte) error {
	for len(modes) > 0 && modes[0] != 0 && modes[0] < 160 {
		if len(modes) < 5 {
			return errModes
		}
		modes = modes[5:]
	}
	return nil
}

// signals are the names that RFC 4254 §6.10 gives.
func signals() []string {
	return []string{"ABRT", "ALRM", "FPE", "HUP", "ILL", "INT", "KILL", "PIPE", "QUIT", "SEGV", "TERM", "USR1", "USR2"}
}

// exitRequest says how a program ended. A signal that the RFC has no name for gets one
// with a domain, as it prescribes.
func exitRequest(exit backend.Exit) *ssh.Request {
	if exit.Signal == "" {
		return &ssh.Request{Type: "exit-status", Payload: binary.BigEndian.AppendUint32(nil, exit.Status)}
	}
	name := exit.Signal
	if !slices.Contains(signals(), name) {
		name += "@sshtrail"
	}
	return &ssh.Request{
		Type:    "exit-signal",
		Payload: ssh.Marshal(exitSignal{Name: name, CoreDumped: exit.CoreDumped}),
	}
}
