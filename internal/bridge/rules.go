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

// originalCommand is what the client asked for, which a forced command is told in
// SSH_ORIGINAL_COMMAND, as by OpenSSH: empty for a shell.
func originalCommand(r *tap.Request) string {
	var asked struct{ Command string }
	if r.Type == "shell" || ssh.Unmarshal(r.Payload, &asked) != nil {
		return ""
	}
	return asked.Command
}
