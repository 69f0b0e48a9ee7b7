package main

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/sshtrail/sshtrail/event"
)

// phrase is an event in words. What asks for something waits for what becomes of it, so
// that the two are told in one line where nothing comes between them.
type phrase struct {
	thread thread
	key    string // tells those of a thread apart
	what   string // "" says nothing
	asks   bool
	tail   string // what became of it; of what asks, for when that is not known
	colour string
}

// thread says which outcomes belong to which questions.
type thread byte

const (
	login   thread = iota + 1 // an attempt to authenticate
	opening                   // of a channel
	asked                     // a request on a channel
	global                    // a request on the connection
)

// answers reports whether p is the outcome of q.
func (p phrase) answers(q phrase) bool {
	return !p.asks && q.asks && p.thread == q.thread && p.key == q.key
}

// channelRequest is what is asked for with a new channel.
type channelRequest struct {
	kind string
	to   string // of forwarded ones: where to
	from string // and from where
}

// asksForChannel returns what an event asks for, if that is a channel.
func asksForChannel(body event.Body) (channelRequest, bool) {
	switch b := body.(type) {
	case *event.NewChannel:
		return channelRequest{kind: b.ChannelType}, true
	case *event.NewChannelDirectTCPIP:
		return channelRequest{"direct-tcpip", hostPort(b.HostToConnect, b.PortToConnect), hostPort(b.OriginatorHost, b.OriginatorPort)}, true
	case *event.NewChannelForwardedTCPIP:
		return channelRequest{"forwarded-tcpip", hostPort(b.ConnectedHost, b.ConnectedPort), hostPort(b.OriginatorHost, b.OriginatorPort)}, true
	case *event.NewChannelX11:
		return channelRequest{"x11", "", hostPort(b.OriginatorHost, b.OriginatorPort)}, true
	case *event.NewChannelDirectStreamLocal:
		return channelRequest{"direct-streamlocal@openssh.com", b.Path, ""}, true
	case *event.NewChannelForwardedStreamLocal:
		return channelRequest{"forwarded-streamlocal@openssh.com", b.Path, ""}, true
	}
	return channelRequest{}, false
}

func (r channelRequest) String() string {
	s := brief(r.kind, maxText)
	if r.to != "" {
		s += " to " + brief(r.to, maxText)
	}
	if r.from != "" {
		s += " from " + brief(r.from, maxText)
	}
	return s
}

func hostPort(host string, port uint32) string {
	return net.JoinHostPort(host, strconv.FormatUint(uint64(port), 10))
}

// requestOf returns the number and the words of a request on a channel, if it is one.
func requestOf(body event.Body) (id uint64, what string, ok bool) {
	switch b := body.(type) {
	case *event.SetEnv:
		return b.RequestID, "environment " + brief(b.Name+"="+b.Value, maxText), true
	case *event.Exec:
		return b.RequestID, "program " + brief(b.Program, maxText), true
	case *event.Shell:
		return b.RequestID, "shell", true
	case *event.Subsystem:
		return b.RequestID, "subsystem " + brief(b.Subsystem, maxText), true
	case *event.Pty:
		return b.RequestID, fmt.Sprintf("terminal %s, %d×%d", brief(b.Term, maxText), b.Columns, b.Rows), true
	case *event.Window:
		return b.RequestID, fmt.Sprintf("resize to %d×%d", b.Columns, b.Rows), true
	case *event.Signal:
		return b.RequestID, "signal " + brief(b.Signal, maxText), true
	case *event.X11:
		return b.RequestID, "X11 forwarding (" + brief(b.AuthProtocol, maxText) + ")", true
	case *event.ChannelRequestUnknown:
		return b.RequestID, unknownRequest(b.RequestType, b.Payload, b.By), true
	case *event.ChannelRequestDecodeFailed:
		return b.RequestID, unknownRequest(b.RequestType, b.Payload, b.By) + ", malformed: " + brief(b.Reason, maxText), true
	}
	return 0, "", false
}

func unknownRequest(name string, payload []byte, by event.By) string {
	s := "request " + brief(name, maxText)
	if len(payload) > 0 {
		s += fmt.Sprintf(" (%s)", counted(uint64(len(payload)), "byte"))
	}
	if by != "" && by != event.ByClient {
		s += " of the " + word(string(by))
	}
	return s
}

// requests remembers what the last requests of a channel were.
type requests struct {
	last [8]struct {
		id   uint64
		what string
	}
	next int
}

func (r *requests) note(id uint64, what string) {
	r.last[r.next].id, r.last[r.next].what = id, shorter(what, maxDetail)
	r.next = (r.next + 1) % len(r.last)
}

func (r *requests) label(id uint64) string {
	for i := range r.last {
		at := (r.next - 1 - i + 2*len(r.last)) % len(r.last)
		if l := r.last[at]; l.what != "" && l.id == id {
			return l.what
		}
	}
	return fmt.Sprintf("request %d", id)
}

// phraseOf returns an event of a connection in words.
func phraseOf(ev *event.Event) phrase {
	if p, ok := loginPhrase(ev); ok {
		return p
	}
	switch b := ev.Body.(type) {
	case *event.Connect:
		return phrase{what: connected(b)}
	case *event.Disconnect:
		return phrase{what: disconnected(b)}
	case *event.NoTarget:
		return phrase{what: "no target: " + brief(b.Reason, maxText), colour: yellow}
	case *event.Refused:
		return phrase{what: "turned away: " + brief(b.Reason, maxText), colour: yellow}
	case *event.HandshakeFailed:
		return phrase{what: "nobody was let in: " + brief(b.Reason, maxText), colour: yellow}
	case *event.HandshakeSuccessful:
		return phrase{what: "logged in as " + brief(b.Username, maxText), colour: bold}
	case *event.Gap:
		return phrase{what: gap(b), colour: red}
	case *event.GatewayStart:
		return phrase{what: fmt.Sprintf("the gateway starts: version %s, configuration %s", brief(b.Version, maxText), brief(b.Config, maxText))}
	case *event.GatewayStop:
		return phrase{what: "the gateway stops: " + brief(b.Reason, maxText)}
	case *event.Recovered:
		return phrase{what: fmt.Sprintf("log %s recovered, %s saved", brief(b.Log, maxText), counted(b.Saved, "message"))}
	case *event.Summary:
		return phrase{}
	case *event.Extension:
		return phrase{what: "extension " + brief(b.Name, maxText) + ", which this version does not know"}
	case *event.Unknown:
		return phrase{what: fmt.Sprintf("message of type %d: decode shows it", b.Number)}
	}
	return globalPhrase(ev.Body)
}

func globalPhrase(body event.Body) phrase {
	ask := func(name, what string) phrase {
		return phrase{thread: global, key: name, what: what, asks: true}
	}
	switch b := body.(type) {
	case *event.GlobalRequestUnknown:
		return ask(b.RequestType, "global "+unknownRequest(b.RequestType, b.Payload, b.By))
	case *event.GlobalRequestDecodeFailed:
		return phrase{what: "global " + unknownRequest(b.RequestType, b.Payload, "") + ", malformed: " + brief(b.Reason, maxText), colour: yellow}
	case *event.ForwardTCPIP:
		return ask("tcpip-forward", "forwarding of connections to "+brief(hostPort(b.BindHost, b.BindPort), maxText))
	case *event.CancelForwardTCPIP:
		return ask("cancel-tcpip-forward", "end of forwarding of connections to "+brief(hostPort(b.BindHost, b.BindPort), maxText))
	case *event.ForwardStreamLocal:
		return ask("streamlocal-forward@openssh.com", "forwarding of connections to "+brief(b.Path, maxText))
	case *event.CancelForwardStreamLocal:
		return ask("cancel-streamlocal-forward@openssh.com", "end of forwarding of connections to "+brief(b.Path, maxText))
	case *event.GlobalReply:
		return phrase{thread: global, key: b.RequestType, what: "global request " + brief(b.RequestType, maxText), tail: came(b.Accepted, b.Reason), colour: refusedColour(b.Accepted || isKeepalive(b.RequestType))}
	}
	return phrase{}
}

// loginPhrase returns an event of authentication in words.
func loginPhrase(ev *event.Event) (phrase, bool) {
	switch b := ev.Body.(type) {
	case *event.AuthPassword:
		return loginAsks(authAccount{}.with(b.Username, "password", "", ""), " tried"), true
	case *event.AuthPubkey:
		return loginAsks(authAccount{}.withKey(&b.PubkeyAttempt, ""), " offered"), true
	case *event.AuthKeyboardInteractiveChallenge:
		var q []string
		for _, question := range b.Questions {
			if len(q) == 8 {
				q = append(q, "…")
				break
			}
			q = append(q, brief(question.Question, 100))
		}
		return phrase{what: fmt.Sprintf("%s is asked %s", brief(b.Username, maxText), strings.Join(q, ", "))}, true
	case *event.AuthKeyboardInteractiveAnswer:
		return phrase{what: brief(b.Username, maxText) + " answers"}, true
	}
	a, ok := authOf(ev)
	if !ok {
		return phrase{}, false
	}
	p := phrase{thread: login, key: credential(a), what: credential(a), tail: " " + a.Outcome}
	switch {
	case a.Outcome == outcomePartial:
		p.tail = " accepted"
	case a.Outcome == outcomeError:
		p.tail, p.colour = " could not be decided", yellow
	case a.Outcome == outcomeRefused:
		p.colour = yellow
	}
	if a.Method == "none" { // which is how clients ask for the methods (RFC 4252 §5.2)
		p.what, p.tail, p.colour = shown(a.Username)+" asks which methods there are", "", ""
		if a.Outcome == outcomeAccepted {
			p.what, p.colour = shown(a.Username)+" let in without authentication", yellow
		}
	}
	if a.Reason != "" {
		p.tail += ": " + shown(a.Reason)
	}
	return p, true
}

func loginAsks(a authAccount, tail string) phrase {
	return phrase{thread: login, key: credential(a), what: credential(a), asks: true, tail: tail}
}

// credential is what somebody tries to get in with.
func credential(a authAccount) string {
	what := shown(a.Method)
	if a.Method == "publickey" {
		what = "a key"
		if a.Fingerprint != "" {
			what = fmt.Sprintf("key %s (%s)", word(a.Fingerprint), word(a.KeyType))
		}
	}
	return what + " of " + shown(a.Username)
}

func connected(b *event.Connect) string {
	s := "connected from " + place(b.RemoteAddr, b.RemotePort)
	if b.LocalAddr != "" {
		s += " to " + place(b.LocalAddr, b.LocalPort)
	}
	if b.Country != "" && b.Country != "XX" {
		s += ", country " + brief(b.Country, maxText)
	}
	return s
}

// place is an address for people; ContainerSSH's logs have no ports.
func place(addr string, port uint32) string {
	s := "an unknown address"
	if addr != "" {
		s = brief(addr, maxText)
	}
	if port != 0 {
		s += fmt.Sprintf(" port %d", port)
	}
	return s
}

func disconnected(b *event.Disconnect) string {
	s := "disconnected"
	if b.By != "" {
		s += " by the " + word(string(by(b.By)))
	}
	if b.Reason != "" {
		s += ": " + brief(b.Reason, maxText)
	}
	if b.Recovered {
		s += " (the gateway stopped suddenly; recovery wrote this)"
	}
	return s
}

func gap(b *event.Gap) string {
	messages, bytes := "an unknown number of messages", "unknown"
	if b.Messages != nil {
		messages = counted(*b.Messages, "message")
	}
	if b.Bytes != nil {
		bytes = strconv.FormatUint(*b.Bytes, 10)
	}
	return fmt.Sprintf("GAP: %s (bytes: %s) not recorded since %s: %s", messages, bytes, exact(b.Since), brief(b.Reason, maxText))
}

// came is what became of something.
func came(accepted bool, reason string) string {
	s := " accepted"
	if !accepted {
		s = " refused"
	}
	if reason != "" {
		s += ": " + brief(reason, maxText)
	}
	return s
}

func refusedColour(accepted bool) string {
	if accepted {
		return ""
	}
	return yellow
}
