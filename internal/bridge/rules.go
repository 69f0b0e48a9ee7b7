package bridge

import (
	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/tap"
)

// Rules is what a client may do on its sessions, as how it logged in has it. The zero
// value allows everything but forwarding.
type Rules struct {
	Forced      bool   // Command runs whatever the client asks for
	Command     string // it may be empty
	NoPTY       bool
	Environment []string // NAME=value, set before a program starts
}

// refuse says why a request is refused; empty if it is not.
func (r *Rules) refuse(request string) string {
	switch {
	case request == "pty-req" && r.NoPTY:
		return "the key that was used allows no terminal"
	case request == "x11-req", request == "auth-agent-req@openssh.com":
		return noForwarding
	}
	return ""
}

// originalCommand is a request that tells a forced command what the client asked for,
// as OpenSSH does.
func originalCommand(r *tap.Request) []byte {
	var asked struct{ Command string }
	if r.Type != "shell" {
		if ssh.Unmarshal(r.Payload, &asked) != nil {
			asked.Command = "" // the tap has refused what is malformed
		}
	}
	return ssh.Marshal(struct{ Name, Value string }{"SSH_ORIGINAL_COMMAND", asked.Command})
}
