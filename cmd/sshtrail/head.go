package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/sshtrail/sshtrail/event"
)

// print prints the account without what the timeline tells, one fact a line.
func (a *account) print(w io.Writer, s screen) {
	row := func(name, text string) {
		if text != "" {
			fmt.Fprintf(w, "%s%s\n", s.paint(faint, fmt.Sprintf("%-10s", name)), text)
		}
	}
	row("log", word(a.Log))
	row("verdict", s.paint(verdictColour(a.verdict), a.Verdict)+", "+counted(a.Messages, "message"))
	if a.Digest != nil {
		row("digest", *a.Digest)
	}
	if a.Fault != nil {
		row("why", a.Fault.String())
	}
	row("user", a.user(s))
	row("from", a.from())
	row("login", a.login())
	row("client", a.client())
	if a.Target != nil {
		row("target", brief(*a.Target, maxText))
	}
	row("start", a.Start)
	if a.Start != "" {
		row("duration", lasting(a.DurationNs))
	}
	row("end", a.ending())
	if !a.GatewayLog && a.Messages > 0 {
		row("ran", a.ran())
		row("bytes", a.bytes())
	}
	row("gaps", s.paint(red, a.warn()))
}

// printEnd says where the account of a log that has no end breaks off.
func (a *account) printEnd(w io.Writer, s screen) {
	if a.Fault != nil {
		fmt.Fprintln(w, s.paint(verdictColour(a.verdict), a.Verdict+": "+a.Fault.String()))
	}
}

// String is the fault for a person.
func (f *faultAccount) String() string {
	if f.Offset == 0 {
		return harmless(f.Why)
	}
	return fmt.Sprintf("block %d at offset %d, message %d: %s", f.Block, f.Offset, f.Message, harmless(f.Why))
}

func (a *account) user(s screen) string {
	switch {
	case a.GatewayLog:
		return fmt.Sprintf("%s, %s", gatewayLog, counted(a.Connections, "connection"))
	case a.several():
		return fmt.Sprintf("(%s)", counted(a.Connections, "connection"))
	case a.Username != nil:
		return s.paint(bold, word(*a.Username))
	}
	return ""
}

func (a *account) from() string {
	if a.RemoteAddr == nil {
		return ""
	}
	return place(*a.RemoteAddr, a.RemotePort)
}

// login says with what the user was let in, and what else was tried.
func (a *account) login() string {
	var parts []string
	if !a.several() {
		for i := range a.Auth {
			if o := a.Auth[i].Outcome; o == outcomeAccepted || o == outcomePartial {
				parts = append(parts, credential(a.Auth[i]))
			}
		}
	} else if a.accepted > 0 {
		parts = append(parts, fmt.Sprintf("%d accepted", a.accepted))
	}
	if a.refused > 0 {
		parts = append(parts, fmt.Sprintf("%d refused", a.refused))
	}
	return strings.Join(parts, ", ")
}

func (a *account) client() string {
	if a.Handshake == nil {
		return ""
	}
	h := a.Handshake
	var parts []string
	for _, s := range []string{h.ClientVersion, h.Kex, h.HostKey, h.CipherIn, h.MACIn} {
		if s != "" {
			parts = append(parts, shown(s))
		}
	}
	return strings.Join(parts, ", ")
}

func (a *account) ending() string {
	if a.Ended == nil {
		return ""
	}
	s := string(a.Ended.By)
	if s != "" {
		s = "by the " + word(s)
	}
	if a.Ended.Reason != "" {
		s += ": " + shown(a.Ended.Reason)
	}
	if a.Ended.Recovered {
		s += " (written by recovery: the gateway stopped suddenly)"
	}
	return strings.TrimPrefix(s, ": ")
}

func (a *account) ran() string {
	var parts []string
	for _, c := range a.Channels {
		if s := c.ran(); s != "" {
			parts = append(parts, s)
		}
	}
	return listed(parts)
}

// bytes counts what was recorded and what was not.
func (a *account) bytes() string {
	text := "recorded: " + streams(a.Bytes)
	if a.summary == nil {
		return text
	}
	if skipped := a.summary.Skipped; skipped != (event.StreamBytes{}) {
		text += "; not recorded, as configured: " + streams(skipped)
	}
	if f := a.summary.Forwarded; f != (event.ForwardedBytes{}) {
		text += fmt.Sprintf("; forwarded: received %d, sent %d", f.Received, f.Sent)
	}
	return text
}

func streams(b event.StreamBytes) string {
	return fmt.Sprintf("stdin %d, stdout %d, stderr %d", b.Stdin, b.Stdout, b.Stderr)
}

// warn says that something passed unrecorded.
func (a *account) warn() string {
	if n := uint64(len(a.Gaps)) + a.GapsOmitted; n > 0 {
		return counted(n, "gap") + " in the record"
	}
	return ""
}
