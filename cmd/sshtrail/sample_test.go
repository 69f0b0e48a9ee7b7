package main

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

// sampleFolder has logs of ContainerSSH's.
var sampleFolder = filepath.Join("..", "..", "codec", "binary", "testdata", "containerssh")

// sample is a log in the making.
type sample struct {
	conn      event.ConnID
	now       time.Time
	plain     []byte
	block     binary.Block
	summary   event.Summary
	recovered bool
	err       error
}

const sampleConn = "019abc0123457def8123456789abcdef"

func newSample(conn event.ConnID) *sample {
	return &sample{
		conn: conn, now: time.Date(2026, 11, 22, 10, 32, 16, 123456789, time.UTC),
		summary: event.Summary{Version: 1, Channels: []event.ChannelSummary{}},
	}
}

// wait lets time pass.
func (s *sample) wait(d time.Duration) { s.now = s.now.Add(d) }

// add adds events of a channel, or of the connection, a millisecond apart.
func (s *sample) add(channel uint64, bodies ...event.Body) {
	for _, body := range bodies {
		s.wait(time.Millisecond)
		s.append(s.conn, channel, body)
	}
}

// on adds events of another connection.
func (s *sample) on(conn event.ConnID, bodies ...event.Body) {
	for _, body := range bodies {
		s.wait(time.Millisecond)
		s.append(conn, 0, body)
	}
}

func (s *sample) append(conn event.ConnID, channel uint64, body event.Body) {
	plain, err := binary.AppendMessage(s.plain, &event.Event{Conn: conn, Time: s.now.UnixNano(), Channel: channel, Body: body})
	if err != nil && s.err == nil {
		s.err = err
	}
	s.plain = plain
	kind := event.KindOf(body)
	if s.block.Messages++; s.block.Messages == 1 {
		s.block.From, s.summary.Start = s.now.UnixNano(), s.now.UnixNano()
	}
	s.block.To = s.now.UnixNano()
	s.block.Kinds |= 1 << kind
	if _, ok := body.(*event.Summary); ok {
		return
	}
	s.summary.End = s.now.UnixNano()
	s.summary.Kinds[kind]++
	if b, ok := body.(*event.IO); ok {
		add(&s.summary.Bytes.Stdin, &s.summary.Bytes.Stdout, &s.summary.Bytes.Stderr, b)
	}
}

// bytes ends the log and returns it.
func (s *sample) bytes() ([]byte, error) {
	w := binary.NewWriter()
	log := w.AppendHeader(nil)
	s.summary.Index = w.Index(s.block.From)
	s.append(s.conn, 0, &s.summary)
	if s.err != nil {
		return nil, s.err
	}
	s.block.Plain, s.block.Recovered = s.plain, s.recovered
	const stored = 0 // not compressed, so that sizes and digests depend on nothing else
	log, err := w.AppendBlock(log, s.block, binary.NewCompressor(1), stored)
	if err != nil {
		return nil, err
	}
	return w.AppendEnd(log), nil
}

// samples are the logs that scripts can have.
var samples = map[string]func() *sample{
	"session":   sampleSession,
	"exec":      sampleExec,
	"two":       sampleTwo,
	"recovered": sampleRecovered,
	"gateway":   sampleGateway,
	"hostile":   sampleHostile,
}

const sampleKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINCDShI+L11AlMdpuGbP30f7sOl956THGeO7Oz0qVEvG"

func (s *sample) login(user, addr string) {
	key := event.PubkeyAttempt{Username: user, Key: sampleKey, Fingerprint: "SHA256:/okd2Db+IDf7fnfaAxvFnsp32Ngl3EwcCw1H8daO7HI"}
	refused := event.PasswordAttempt{Username: user, PasswordHidden: true}
	failed := refused
	failed.Reason = "wrong password"
	s.add(0,
		&event.Connect{RemoteAddr: addr, Country: "XX", RemotePort: 51234, LocalAddr: "192.0.2.1", LocalPort: 2222},
		&event.AuthNone{Username: user},
		&event.AuthPassword{PasswordAttempt: refused},
		&event.AuthPasswordFailed{PasswordAttempt: failed},
		&event.AuthPubkey{PubkeyAttempt: key},
		&event.AuthPubkeySuccessful{PubkeyAttempt: key},
		&event.HandshakeSuccessful{Username: user, Handshake: event.Handshake{
			ClientVersion: "SSH-2.0-OpenSSH_9.2", Kex: "curve25519-sha256", HostKey: "ssh-ed25519",
			CipherIn: "chacha20-poly1305@openssh.com", CipherOut: "chacha20-poly1305@openssh.com"}},
	)
	auth, target := "publickey", "this machine"
	s.summary.Username, s.summary.RemoteAddr, s.summary.Auth, s.summary.Target = &user, &addr, &auth, &target
}

// sampleSession is a terminal, a forwarded connection, and requests that were refused.
func sampleSession() *sample {
	s := newSample(sampleConn)
	s.login("alice", "203.0.113.7")
	s.add(0,
		&event.NewChannel{ChannelType: "session"},
		&event.NewChannelSuccessful{ChannelType: "session"},
		&event.Pty{RequestID: 0, Term: "xterm-256color", Columns: 120, Rows: 40},
		&event.RequestAccepted{RequestID: 0},
		&event.SetEnv{RequestID: 1, Name: "LANG", Value: "en_GB.UTF-8"},
		&event.SetEnv{RequestID: 2, Name: "LD_PRELOAD", Value: "/tmp/evil.so"},
		&event.RequestFailed{RequestID: 2, Reason: "not an allowed variable"},
		&event.X11{RequestID: 3, AuthProtocol: "MIT-MAGIC-COOKIE-1", CookieHidden: true},
		&event.RequestFailed{RequestID: 3, Reason: "not forwarded"},
		&event.Shell{RequestID: 4},
		&event.RequestAccepted{RequestID: 4},
	)
	for range 20 {
		s.wait(70 * time.Millisecond)
		s.add(0, &event.IO{Stream: event.Stdout, Data: []byte("some output\r\n")})
	}
	s.add(0, &event.Window{RequestID: 5, Columns: 80, Rows: 24}, &event.Window{RequestID: 6, Columns: 100, Rows: 30})
	s.add(1,
		&event.NewChannelDirectTCPIP{HostToConnect: "db.internal", PortToConnect: 5432, OriginatorHost: "127.0.0.1", OriginatorPort: 40000},
		&event.NewChannelFailed{ChannelType: "direct-tcpip", Reason: "forwarding is off"},
	)
	for range 3 {
		s.wait(15 * time.Second)
		s.add(0, &event.GlobalRequestUnknown{RequestType: "keepalive@openssh.com"},
			&event.GlobalReply{RequestType: "keepalive@openssh.com", By: event.ByTarget})
	}
	messages, bytes := uint64(3), uint64(4711)
	s.add(0, &event.Gap{Messages: &messages, Bytes: &bytes, Since: s.now.UnixNano(), Reason: "no space left on device"})
	s.add(0,
		&event.Signal{RequestID: 7, Signal: "INT"},
		&event.IO{Stream: event.Stdout, Data: []byte("logout\r\n")},
		&event.Exit{ExitStatus: 130},
		&event.CloseWrite{By: event.ByTarget},
		&event.Close{By: event.ByTarget, Received: 41, Sent: 268},
	)
	s.add(0, &event.Disconnect{By: event.ByClient, Reason: "disconnected by user"})
	status := uint32(130)
	s.summary.Channels = append(s.summary.Channels, event.ChannelSummary{ChannelType: "session", ExitStatus: &status})
	s.summary.Skipped.Stdin = 41
	s.summary.Gaps = 1
	return s
}

// sampleExec is a program with output on both streams, and another that was forced.
func sampleExec() *sample {
	s := newSample("019abc0123467def8123456789abcdef")
	s.wait(time.Minute)
	s.login("bob", "2001:db8::17")
	s.add(0,
		&event.NewChannel{ChannelType: "session"}, &event.NewChannelSuccessful{ChannelType: "session"},
		&event.Exec{RequestID: 0, Program: "make  all\n"}, &event.RequestAccepted{RequestID: 0},
		&event.IO{Stream: event.Stdout, Data: []byte("out\n")}, &event.IO{Stream: event.Stderr, Data: []byte("err\n")},
		&event.ExitSignal{Signal: "SEGV", CoreDumped: true},
		&event.Close{By: event.ByTarget, Sent: 8},
	)
	s.add(1,
		&event.NewChannel{ChannelType: "session"}, &event.NewChannelSuccessful{ChannelType: "session"},
		&event.Exec{RequestID: 0, Program: "rsync --server"},
		&event.ForcedCommand{RequestID: 0, Program: "/usr/bin/backup"}, &event.RequestAccepted{RequestID: 0},
		&event.Exit{}, &event.Close{By: event.ByTarget},
	)
	s.add(0, &event.Disconnect{By: event.ByClient})
	first, second, signal, status := "make  all\n", "rsync --server", "SEGV", uint32(0)
	s.summary.Channels = []event.ChannelSummary{
		{ChannelID: 0, ChannelType: "session", Program: &first, ExitSignal: &signal},
		{ChannelID: 1, ChannelType: "session", Program: &second, ExitStatus: &status},
	}
	return s
}

// sampleTwo is two sessions at once.
func sampleTwo() *sample {
	s := newSample("019abc0123467def8123456789abcdef")
	s.login("bob", "2001:db8::17")
	for channel, program := range []string{"make  all\n", "cat"} {
		s.add(uint64(channel),
			&event.NewChannel{ChannelType: "session"}, &event.NewChannelSuccessful{ChannelType: "session"},
			&event.Exec{Program: program}, &event.RequestAccepted{})
	}
	s.add(1, &event.IO{Stream: event.Stdin, Data: []byte("typed\n")}, &event.IO{Stream: event.Stdout, Data: []byte("\xe2\x82")})
	s.add(0, &event.IO{Stream: event.Stderr, Data: []byte("make: no rule\n")}, &event.Exit{ExitStatus: 2}, &event.Close{By: event.ByTarget})
	s.wait(time.Minute)
	s.add(1, &event.IO{Stream: event.Stdout, Data: []byte("\xac\n")}, &event.Close{By: event.ByTarget})
	s.add(0, &event.Disconnect{By: event.ByClient})
	s.summary.Channels = []event.ChannelSummary{{ChannelType: "session"}, {ChannelID: 1, ChannelType: "session"}}
	return s
}

// sampleRecovered is what recovery makes of a gateway's sudden end.
func sampleRecovered() *sample {
	s := newSample("019abc0123477def8123456789abcdef")
	s.wait(2 * time.Minute)
	s.recovered = true
	s.login("carol", "203.0.113.9")
	s.add(0, &event.NewChannel{ChannelType: "session"}, &event.NewChannelSuccessful{ChannelType: "session"},
		&event.Subsystem{RequestID: 0, Subsystem: "sftp"}, &event.RequestAccepted{RequestID: 0})
	s.add(0, &event.Disconnect{By: event.ByGateway, Recovered: true})
	sftp := "sftp"
	s.summary.Channels = append(s.summary.Channels, event.ChannelSummary{ChannelType: "session", Subsystem: &sftp})
	return s
}

// sampleGateway is the gateway's own log.
func sampleGateway() *sample {
	s := newSample(event.Gateway)
	s.add(0, &event.GatewayStart{Version: "v1.2.3", Config: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"})
	s.add(0, &event.Recovered{Log: "019abc0123477def8123456789abcdef", Saved: 17})
	s.on(sampleConn,
		&event.Connect{RemoteAddr: "203.0.113.7", Country: "XX", RemotePort: 51234},
		&event.AuthNone{Username: "alice", Accepted: true},
		&event.HandshakeSuccessful{Username: "alice", Handshake: event.Handshake{ClientVersion: "SSH-2.0-OpenSSH_9.2"}})
	s.on("019abc0123487def8123456789abcdef",
		&event.Connect{RemoteAddr: "198.51.100.66", Country: "XX", RemotePort: 999},
		&event.Refused{Reason: "too many connections from this address"},
		&event.Disconnect{By: event.ByGateway, Reason: "too many connections from this address"})
	s.on(sampleConn, &event.Disconnect{By: event.ByClient})
	s.add(0, &event.GatewayStop{Reason: "stopped"})
	return s
}

// hostile has every kind of byte that a terminal might act on: the controls of ISO 646
// and ISO 6429, an operating system command, the bidirectional controls, what hides, and
// what is not UTF-8.
var hostile = func() string {
	s := "x\x1b]0;title\x07\x1b[2J\x1b[31m\r"
	for c := range 0x20 {
		s += string(rune(c))
	}
	for c := 0x7f; c < 0xa0; c++ {
		s += string(rune(c))
	}
	return s + "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069" +
		"\u2028\u2029\u200b\u200d\ufeff\u00ad\U000e0041\x9b\xff\xc2"
}()

// sampleHostile has it wherever a peer can put it.
func sampleHostile() *sample {
	s := newSample(sampleConn)
	s.login(hostile, "203.0.113.66")
	auth := hostile
	s.summary.RemoteAddr, s.summary.Auth, s.summary.Target = &auth, &auth, &auth
	s.summary.Channels = []event.ChannelSummary{{ChannelType: hostile, Program: &auth, Subsystem: &auth, ExitSignal: &auth}}
	key := event.PubkeyAttempt{Username: hostile, Key: hostile, Fingerprint: hostile, Reason: hostile}
	password := event.PasswordAttempt{Username: hostile, Password: []byte(hostile), Reason: hostile}
	s.add(0,
		&event.Connect{Country: hostile, LocalAddr: hostile},
		&event.AuthPassword{PasswordAttempt: password}, &event.AuthPasswordSuccessful{PasswordAttempt: password},
		&event.AuthPasswordFailed{PasswordAttempt: password}, &event.AuthPasswordBackendError{Username: hostile, Reason: hostile},
		&event.AuthPubkey{PubkeyAttempt: key}, &event.AuthPubkeySuccessful{PubkeyAttempt: key},
		&event.AuthPubkeyFailed{PubkeyAttempt: key}, &event.AuthPubkeyBackendError{Username: hostile, Key: hostile, Reason: hostile},
		&event.AuthKeyboardInteractiveChallenge{Username: hostile, Instruction: hostile, Questions: []event.Question{{Question: hostile}}},
		&event.AuthKeyboardInteractiveAnswer{Username: hostile, Answers: []event.Answer{{Question: hostile, Answer: hostile}}},
		&event.AuthKeyboardInteractiveFailed{Username: hostile, Reason: hostile},
		&event.AuthKeyboardInteractiveBackendError{Username: hostile, Reason: hostile},
		&event.AuthMethod{Username: hostile, Method: hostile, Reason: hostile}, &event.AuthPartial{Username: hostile, Method: hostile},
		&event.HandshakeFailed{Reason: hostile}, &event.HandshakeSuccessful{Username: hostile, Handshake: event.Handshake{
			ClientVersion: hostile, Kex: hostile, HostKey: hostile, CipherIn: hostile, CipherOut: hostile, MACIn: hostile, MACOut: hostile}},
		&event.GlobalRequestUnknown{RequestType: hostile, By: event.ByTarget},
		&event.GlobalReply{RequestType: hostile, Reason: hostile, By: event.ByTarget},
		&event.GlobalRequestDecodeFailed{RequestType: hostile, Reason: hostile},
		&event.ForwardTCPIP{BindHost: hostile}, &event.CancelForwardTCPIP{BindHost: hostile},
		&event.ForwardStreamLocal{Path: hostile}, &event.CancelForwardStreamLocal{Path: hostile},
		&event.Gap{Reason: hostile}, &event.Refused{Reason: hostile}, &event.Recovered{Log: hostile},
		&event.GatewayStart{Version: hostile, Config: strings.Repeat("ab", 32), Continues: hostile}, &event.GatewayStop{Reason: hostile},
	)
	s.add(1, &event.NewChannelDirectTCPIP{HostToConnect: hostile, OriginatorHost: hostile}, &event.NewChannelFailed{ChannelType: hostile, Reason: hostile})
	s.add(2, &event.NewChannelForwardedTCPIP{ConnectedHost: hostile, OriginatorHost: hostile}, &event.NewChannelSuccessful{ChannelType: hostile})
	s.add(3, &event.NewChannelX11{OriginatorHost: hostile})
	s.add(4, &event.NewChannelDirectStreamLocal{Path: hostile})
	s.add(5, &event.NewChannelForwardedStreamLocal{Path: hostile})
	s.add(0,
		&event.NewChannel{ChannelType: hostile, By: event.ByTarget}, &event.NewChannelSuccessful{ChannelType: hostile},
		&event.ChannelRequestUnknown{RequestType: hostile, By: event.ByTarget},
		&event.ChannelRequestDecodeFailed{RequestID: 1, RequestType: hostile, Reason: hostile, By: event.ByTarget},
		&event.SetEnv{RequestID: 2, Name: hostile, Value: hostile}, &event.RequestFailed{RequestID: 2, Reason: hostile},
		&event.Pty{RequestID: 3, Term: hostile}, &event.X11{RequestID: 4, AuthProtocol: hostile, Cookie: hostile},
		&event.Exec{RequestID: 5, Program: hostile}, &event.ForcedCommand{RequestID: 5, Program: hostile},
		&event.Subsystem{RequestID: 6, Subsystem: hostile}, &event.Signal{RequestID: 7, Signal: hostile},
		&event.IO{Stream: event.Stdout, Data: []byte(hostile)},
		&event.ExitSignal{Signal: hostile, ErrorMessage: hostile, LanguageTag: hostile},
		&event.CloseWrite{By: event.ByTarget}, &event.Close{By: event.ByTarget},
	)
	s.add(0, &event.Disconnect{By: event.ByTarget, Reason: hostile})
	return s
}
