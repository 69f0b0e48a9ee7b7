package main

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/replay/transfer"
)

// account is what show tells of a log as a whole, in the keys of its JSON. Whatever the
// log, its size has limits: its lists end, and say how much they leave out.
type account struct {
	Log              string            `json:"log"`
	Verdict          string            `json:"verdict"`
	Digest           *string           `json:"digest"`
	Fault            *faultAccount     `json:"fault"`
	Messages         uint64            `json:"messages"`
	Blocks           int               `json:"blocks"`
	ConnectionID     event.ConnID      `json:"connectionId"` // of the first message
	GatewayLog       bool              `json:"gatewayLog"`   // the gateway's own
	Connections      uint64            `json:"connections"`
	Username         *string           `json:"username"`
	RemoteAddr       *string           `json:"remoteAddr"`
	RemotePort       uint32            `json:"remotePort"`
	Target           *string           `json:"target"`
	Handshake        *handshakeAccount `json:"handshake"`
	Start            string            `json:"start"`
	End              string            `json:"end"`
	DurationNs       int64             `json:"durationNs"`
	Ended            *endAccount       `json:"ended"`
	Bytes            event.StreamBytes `json:"-"` // recorded
	Auth             []authAccount     `json:"auth"`
	AuthOmitted      uint64            `json:"authOmitted"`
	Channels         []*channelAccount `json:"channels"`
	ChannelsOmitted  uint64            `json:"channelsOmitted"`
	Refused          []refusedAccount  `json:"refused"`
	RefusedOmitted   uint64            `json:"refusedOmitted"`
	Gaps             []tagged          `json:"gaps"`
	GapsOmitted      uint64            `json:"gapsOmitted"`
	Activity         *activityAccount  `json:"activity"`
	Resizes          []resizeAccount   `json:"resizes"`
	ResizesOmitted   uint64            `json:"resizesOmitted"`
	Transfers        []transferAccount `json:"transfers"` // sessions of scp and SFTP
	TransfersOmitted uint64            `json:"transfersOmitted"`
	Files            []fileAccount     `json:"files"` // what these did
	FilesOmitted     uint64            `json:"filesOmitted"`
	Listeners        []listenerAccount `json:"listeners"` // that were asked for
	ListenersOmitted uint64            `json:"listenersOmitted"`
	Summary          *tagged           `json:"summary"`

	start, end int64
	activity   *activity
	transfers  *transfer.Watch
	resizedAt  []int64 // a time for each column that a picture may have is enough
	gapsAt     []int64
	summary    *event.Summary
	verdict    binary.Verdict
	open       map[channelKey]*channelAccount
	forwarded  map[channelKey]bool // channels that are not listed, and no sessions
	accepted   uint64              // attempts
	refused    uint64
}

// The limits of an account's lists, and of what is known of a log at one time. All
// together hold it under 64 MiB.
const (
	maxListed = 1024
	maxOpen   = 4096 // channels
	maxText   = 1024 // bytes of one text,
	maxDetail = 256  // of one that there are many of
)

type faultAccount struct {
	Block   int    `json:"block"`
	Offset  int64  `json:"offset"`
	Message uint64 `json:"message"`
	Why     string `json:"why"`
}

func faultOf(f *binary.Fault) *faultAccount {
	if f == nil {
		return nil
	}
	return &faultAccount{f.Block, f.Offset, f.Message, f.Why}
}

type handshakeAccount struct {
	ClientVersion string `json:"clientVersion"`
	Kex           string `json:"kex"`
	HostKey       string `json:"hostKey"`
	CipherIn      string `json:"cipherIn"`
	CipherOut     string `json:"cipherOut"`
	MACIn         string `json:"macIn"`
	MACOut        string `json:"macOut"`
}

type endAccount struct {
	By        event.By `json:"by"`
	Reason    string   `json:"reason"`
	Recovered bool     `json:"recovered"`
}

// authAccount is the outcome of one attempt to authenticate.
type authAccount struct {
	Time         string       `json:"time"`
	ConnectionID event.ConnID `json:"connectionId"`
	Username     string       `json:"username"`
	Method       string       `json:"method"`
	Outcome      string       `json:"outcome"` // accepted, partial, refused, error
	Fingerprint  string       `json:"fingerprint,omitempty"`
	KeyType      string       `json:"keyType,omitempty"`
	Reason       string       `json:"reason,omitempty"`
}

type refusedAccount struct {
	Time         string       `json:"time"`
	ConnectionID event.ConnID `json:"connectionId"`
	ChannelID    *uint64      `json:"channelId"`
	What         string       `json:"what"`
	Reason       string       `json:"reason"`
}

func newAccount(name string) *account {
	a := &account{
		Log: name, Auth: []authAccount{}, Channels: []*channelAccount{}, Refused: []refusedAccount{}, Gaps: []tagged{},
		Resizes: []resizeAccount{}, Transfers: []transferAccount{}, Files: []fileAccount{}, Listeners: []listenerAccount{},
		open: map[channelKey]*channelAccount{}, forwarded: map[channelKey]bool{}, activity: newActivity(),
	}
	a.transfers = transfer.New(a.addFile, a.addTransfer)
	return a
}

// read reads the log, to the account, and to also if it is not nil.
func (a *account) read(ctx context.Context, src *source, r io.Reader, also func(*event.Event)) error {
	how, err := src.readEvents(ctx, r, func(ev *event.Event) {
		a.observe(ev)
		if also != nil {
			also(ev)
		}
	})
	if err == nil {
		a.finish(how)
	}
	return err
}

// observe takes note of one event. It keeps nothing of it but the summary.
func (a *account) observe(ev *event.Event) {
	if a.Messages == 0 {
		a.start, a.ConnectionID, a.GatewayLog = ev.Time, ev.Conn, ev.Conn == event.Gateway
	}
	a.Messages++
	if s, ok := ev.Body.(*event.Summary); ok {
		a.Summary, a.summary, a.Target = &tagged{s}, s, s.Target
		return
	}
	a.end = ev.Time
	a.count(ev)
	a.transfers.Observe(ev)
	if b, ok := ev.Body.(*event.IO); ok {
		add(&a.Bytes.Stdin, &a.Bytes.Stdout, &a.Bytes.Stderr, b)
	}
	if ev.Body.Type().OnChannel() {
		a.observeChannel(ev)
		return
	}
	if auth, ok := authOf(ev); ok {
		a.addAuth(auth)
		return
	}
	a.observeConnection(ev)
}

func (a *account) observeConnection(ev *event.Event) {
	switch b := ev.Body.(type) {
	case *event.Connect:
		a.Connections++
		a.RemoteAddr, a.RemotePort = short(b.RemoteAddr), b.RemotePort
	case *event.HandshakeSuccessful:
		a.Username = short(b.Username)
		a.Handshake = handshakeOf(&b.Handshake)
	case *event.HandshakeFailed:
		a.Handshake = handshakeOf(&b.Handshake)
	case *event.Disconnect:
		a.Ended = &endAccount{by(b.By), *short(b.Reason), b.Recovered}
	case *event.GatewayStop:
		a.Ended = &endAccount{event.ByGateway, *short(b.Reason), false}
	case *event.GlobalReply:
		a.answerListener(ev, b)
		if !b.Accepted && !isKeepalive(b.RequestType) {
			a.refuse(ev, nil, "global request "+b.RequestType, b.Reason)
		}
	case *event.GlobalRequestDecodeFailed:
		a.refuse(ev, nil, "global request "+b.RequestType, b.Reason)
	case *event.NoTarget:
		a.refuse(ev, nil, "target", b.Reason)
	case *event.Refused:
		a.refuse(ev, nil, "connection", b.Reason)
	case *event.ForwardTCPIP, *event.ForwardStreamLocal, *event.CancelForwardTCPIP, *event.CancelForwardStreamLocal:
		a.listen(ev)
	case *event.Gap:
		if len(a.Gaps) < maxListed {
			b.Reason = *short(b.Reason)
			a.Gaps, a.gapsAt = append(a.Gaps, tagged{b}), append(a.gapsAt, ev.Time)
		} else {
			a.GapsOmitted++
		}
	}
}

// isKeepalive reports whether a request asks only whether the other side is there: to
// refuse it is the usual answer.
func isKeepalive(requestType string) bool { return strings.HasPrefix(requestType, "keepalive@") }

func (a *account) addAuth(auth authAccount) {
	switch {
	case auth.Outcome == outcomeAccepted || auth.Outcome == outcomePartial:
		a.accepted++
	case auth.Method != "none": // which is how clients ask for the methods (RFC 4252 §5.2)
		a.refused++
	}
	if len(a.Auth) < maxListed {
		a.Auth = append(a.Auth, auth)
		return
	}
	a.AuthOmitted++
	if auth.Outcome == outcomeAccepted { // what matters most is never left out
		a.Auth[maxListed-1] = auth
	}
}

func (a *account) refuse(ev *event.Event, channel *uint64, what, reason string) {
	if len(a.Refused) >= maxListed {
		a.RefusedOmitted++
		return
	}
	a.Refused = append(a.Refused, refusedAccount{exact(ev.Time), ev.Conn, channel, *short(what), *short(reason)})
}

// finish completes the account with the verdict on the log.
func (a *account) finish(v reading) {
	a.verdict, a.Verdict, a.Blocks = v.verdict, v.verdict.String(), v.blocks
	if v.digest != "" {
		a.Digest = &v.digest
	}
	a.Fault = faultOf(v.fault)
	a.transfers.Finish()
	slices.SortStableFunc(a.Transfers, func(s, t transferAccount) int { return cmp.Compare(s.start, t.start) })
	a.Activity = a.activity.account()
	if a.Messages > 0 {
		a.Start, a.End, a.DurationNs = exact(a.start), exact(a.end), a.end-a.start
	}
	if a.several() {
		a.Username, a.RemoteAddr, a.RemotePort, a.Handshake = nil, nil, 0, nil
	}
}

// several reports whether the log is of more than one connection.
func (a *account) several() bool { return a.GatewayLog || a.Connections > 1 }

func handshakeOf(h *event.Handshake) *handshakeAccount {
	if *h == (event.Handshake{}) {
		return nil
	}
	return &handshakeAccount{*short(h.ClientVersion), *short(h.Kex), *short(h.HostKey),
		*short(h.CipherIn), *short(h.CipherOut), *short(h.MACIn), *short(h.MACOut)}
}

// Outcomes of attempts to authenticate.
const (
	outcomeAccepted = "accepted"
	outcomePartial  = "partial"
	outcomeRefused  = "refused"
	outcomeError    = "error"
)

func outcome(accepted bool) string {
	if accepted {
		return outcomeAccepted
	}
	return outcomeRefused
}

// authOf returns the outcome of an attempt to authenticate, if the event is one.
func authOf(ev *event.Event) (authAccount, bool) {
	a := authAccount{Time: exact(ev.Time), ConnectionID: ev.Conn}
	switch b := ev.Body.(type) {
	case *event.AuthPasswordSuccessful:
		return a.with(b.Username, "password", outcomeAccepted, ""), true
	case *event.AuthPasswordFailed:
		return a.with(b.Username, "password", outcomeRefused, b.Reason), true
	case *event.AuthPasswordBackendError:
		return a.with(b.Username, "password", outcomeError, b.Reason), true
	case *event.AuthPubkeySuccessful:
		return a.withKey(&b.PubkeyAttempt, outcomeAccepted), true
	case *event.AuthPubkeyFailed:
		return a.withKey(&b.PubkeyAttempt, outcomeRefused), true
	case *event.AuthPubkeyBackendError:
		return a.withKey(&event.PubkeyAttempt{Username: b.Username, Key: b.Key, Fingerprint: b.Fingerprint, Reason: b.Reason}, outcomeError), true
	case *event.AuthKeyboardInteractiveFailed:
		return a.with(b.Username, "keyboard-interactive", outcomeRefused, b.Reason), true
	case *event.AuthKeyboardInteractiveBackendError:
		return a.with(b.Username, "keyboard-interactive", outcomeError, b.Reason), true
	case *event.AuthNone:
		return a.with(b.Username, "none", outcome(b.Accepted), ""), true
	case *event.AuthMethod:
		return a.with(b.Username, b.Method, outcome(b.Accepted), b.Reason), true
	case *event.AuthPartial:
		return a.with(b.Username, b.Method, outcomePartial, "more is asked for: "+strings.Join(b.Next, ", ")), true
	}
	return a, false
}

func (a authAccount) with(user, method, outcome, reason string) authAccount {
	a.Username, a.Method, a.Outcome, a.Reason = *short(user), *short(method), outcome, *short(reason)
	return a
}

func (a authAccount) withKey(k *event.PubkeyAttempt, outcome string) authAccount {
	a = a.with(k.Username, "publickey", outcome, k.Reason)
	a.KeyType, a.Fingerprint = keyOf(k.Key, k.Fingerprint)
	return a
}

// keyOf returns the type of a key and its fingerprint, which ContainerSSH's logs lack.
func keyOf(line, fingerprint string) (kind, print string) {
	kind, _, _ = strings.Cut(line, " ")
	if fingerprint == "" {
		if key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line)); err == nil {
			fingerprint = ssh.FingerprintSHA256(key)
		}
	}
	return *short(kind), *short(fingerprint)
}

// short returns the first maxText bytes of s, to be kept.
func short(s string) *string {
	s = shorter(s, maxText)
	return &s
}

// shorter returns the first most bytes of s, to be kept.
func shorter(s string, most int) string {
	if len(s) > most {
		return cut(s, most) + "…"
	}
	return strings.Clone(s)
}

// by is who did it, where anything may stand.
func by(b event.By) event.By { return event.By(*short(string(b))) }

// exact is a time of a log as decode shows it.
func exact(ns int64) string {
	return time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000000000Z")
}
