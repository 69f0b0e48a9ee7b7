package gateway

import (
	"encoding/binary"
	"time"

	"github.com/sshtrail/sshtrail/internal/wiretest"
)

// script is bytes that say what a client does, one step after the other. Every text of
// bytes is one, so that fuzzing finds them all.
type script struct {
	rest   []byte
	client *wiretest.Client
	near   *drained
}

// next is the next byte; 0 at the end.
func (s *script) next() byte {
	if len(s.rest) == 0 {
		return 0
	}
	b := s.rest[0]
	s.rest = s.rest[1:]
	return b
}

func (s *script) flag() bool { return s.next()&1 == 1 }

// number is one that matters, or any small one.
func (s *script) number() uint32 {
	b := s.next()
	if b < 240 {
		return uint32(b)
	}
	return []uint32{1 << 8, 1 << 15, 1<<15 + 1, 1 << 16, 1 << 18, 1 << 20, 2 << 20, 2<<20 + 1, 1 << 24, 1<<31 - 1, 1 << 31, 1<<31 + 1, 1<<32 - 1, 1<<32 - 2, 9, 35000}[b-240]
}

// size is a length of something that is sent.
func (s *script) size() int { return int(min(s.number(), 1<<18)) }

func (s *script) bytes() wiretest.Raw {
	n := min(int(s.next()), len(s.rest))
	b := s.rest[:n]
	s.rest = s.rest[n:]
	return b
}

func (s *script) choose(of ...string) string { return of[int(s.next())%len(of)] }

// step is long enough for an answer, in the bubble's time, and short enough for the login.
const step = 2 * time.Second

// play takes all steps, until one of them fails.
func (s *script) play() {
	for steps := 0; len(s.rest) > 0 && steps < 400; steps++ {
		s.client.SetDeadline(time.Now().Add(step))
		if s.step(s.next()) != nil {
			return
		}
	}
}

func (s *script) step(op byte) error {
	c := s.client
	switch op % 16 {
	case 0:
		return s.login()
	case 1:
		return s.authenticate()
	case 2:
		return s.transport()
	case 3:
		return c.Send(append([]byte{s.next()}, s.bytes()...)) // any message at all
	case 4:
		return c.SendPlain(s.bytes()) // hardly a packet
	case 6:
		<-time.After(time.Duration(s.next()) * 100 * time.Millisecond) // in the bubble, where time is exact
	case 7:
		return c.KeyExchange()
	case 5, 8, 9, 10:
		return s.channel()
	case 11, 12:
		return s.request()
	case 13:
		return s.storm()
	case 14:
		return c.Send(wiretest.Message(wiretest.GlobalRequest, s.globalName(), s.flag(), s.bytes()))
	case 15:
		return s.open()
	}
	return nil
}

// login takes the way in, or a part of it.
func (s *script) login() error {
	switch c := s.client; s.next() % 4 {
	case 0:
		return c.Login("good", password)
	case 1:
		return c.Hello()
	case 2:
		return c.Service()
	default:
		return c.Password("good", password)
	}
}

// authenticate sends requests to log in, the server's answers too.
func (s *script) authenticate() error {
	user := s.choose("good", "bad", "", "\xff\x1b]0;x\a")
	service := s.choose("ssh-connection", "ssh-userauth", "", "x")
	switch c := s.client; s.next() % 6 {
	case 0:
		return c.Send(wiretest.Message(wiretest.UserauthRequest, user, service, "none"))
	case 1:
		return c.Send(wiretest.Message(wiretest.UserauthRequest, user, service, "password", s.flag(), "wrong"))
	case 2:
		return c.Send(wiretest.Message(wiretest.UserauthRequest, user, service, "publickey", s.flag(), s.choose("ssh-ed25519", "ssh-rsa", "x"), []byte(s.bytes()), s.bytes()))
	case 3:
		return c.Send(wiretest.Message(wiretest.UserauthRequest, user, service, "keyboard-interactive", "", ""))
	case 4:
		return c.Send(wiretest.Message(wiretest.UserauthRequest, user, service, s.choose("hostbased", "gssapi-with-mic", ""), s.bytes()))
	default:
		return c.Send(wiretest.Message(50+s.next()%20, s.bytes()))
	}
}

// transport sends parts of a key exchange, and what else belongs to the transport.
func (s *script) transport() error {
	c := s.client
	switch s.next() % 8 {
	case 0:
		return c.Send(wiretest.Proposal()) // and no more of it
	case 1:
		return c.Send([]byte{wiretest.NewKeys})
	case 2:
		return c.Send(wiretest.Message(wiretest.KexECDHInit, make([]byte, s.next())))
	case 3:
		return c.Send(wiretest.Message(wiretest.Ignore, make([]byte, s.size())))
	case 4:
		return c.Send(wiretest.Message(wiretest.Disconnect, s.number(), s.choose("bye", "\x1b[2J"), ""))
	case 5:
		return c.Send(wiretest.Message(192, make([]byte, s.size()))) // a ping of OpenSSH's
	case 6:
		return c.Send(wiretest.Message(4, s.flag(), "debug", ""))
	default:
		return c.Send(wiretest.Message(wiretest.ServiceRequest, s.choose("ssh-connection", "ssh-userauth", "x")))
	}
}

func (s *script) open() error {
	kind := s.choose("session", "session", "session", "direct-tcpip", "forwarded-tcpip", "x11", "tun@openssh.com", "auth-agent@openssh.com", "")
	return s.client.Send(wiretest.Message(wiretest.ChannelOpen, kind, s.number(), s.number(), s.number(), s.bytes()))
}

// channel sends a message on a channel, which may be there.
func (s *script) channel() error {
	c, id := s.client, uint32(s.next()%4)
	switch s.next() % 8 {
	case 0, 1:
		return c.Send(wiretest.Message(wiretest.ChannelData, id, make([]byte, s.size())))
	case 2:
		return c.Send(wiretest.Message(wiretest.ChannelExtendedData, id, s.number(), make([]byte, s.size())))
	case 3:
		return c.Send(wiretest.Message(wiretest.ChannelEOF, id))
	case 4:
		return c.Send(wiretest.Message(wiretest.ChannelClose, id))
	case 5:
		return c.Send(wiretest.Message(wiretest.ChannelWindowAdjust, id, s.number()))
	case 6:
		return c.Send(wiretest.Message(s.choose("\x5b", "\x5c", "\x63", "\x64")[0], id, s.bytes()))
	default:
		return c.Send(wiretest.Message(wiretest.ChannelData, id, s.number(), s.bytes())) // a length that may lie
	}
}

func (s *script) globalName() string {
	return s.choose("tcpip-forward", "keepalive@openssh.com", "no-more-sessions@openssh.com", "hostkeys-prove-00@openssh.com", "streamlocal-forward@openssh.com", "\xff", "")
}

// request asks for something on a channel, mostly in the right form.
func (s *script) request() error {
	id, reply := uint32(s.next()%4), s.flag()
	ask := func(name string, fields ...any) error {
		return s.client.Send(wiretest.Message(wiretest.ChannelRequest, append([]any{id, name, reply}, fields...)...))
	}
	switch s.next() % 12 {
	case 0:
		return ask("shell")
	case 1, 2:
		return ask("exec", s.choose("cat", "silent", "flood", "fail", "\x00", ""))
	case 3:
		return ask("subsystem", s.choose("sftp", "\xff"))
	case 4:
		return ask("env", s.choose("LANG", "=", ""), string(s.bytes()))
	case 5:
		return ask("pty-req", "xterm", s.number(), s.number(), s.number(), s.number(), make([]byte, s.size()))
	case 6:
		return ask("window-change", s.number(), s.number(), s.number(), s.number())
	case 7:
		return ask("signal", s.choose("KILL", "TERM", "NONE", ""))
	case 8:
		return ask("x11-req", s.flag(), "MIT-MAGIC-COOKIE-1", "cookie", s.number())
	case 9:
		return ask(s.choose("eow@openssh.com", "break", "auth-agent-req@openssh.com", "exit-status", "xon-xoff"), s.bytes())
	case 10:
		return ask("exec", string(binary.BigEndian.AppendUint32(nil, s.number())))
	default:
		return ask(s.choose("exec", "pty-req", "env", "window-change", "signal", "x11-req"), s.bytes())
	}
}

// storm does one thing very often, and all of it is there at once.
func (s *script) storm() error {
	again := [...]byte{s.next(), s.next(), s.next(), s.next(), s.next(), s.next()}
	switch again[0] % 16 {
	case 0, 6, 7, 13: // what waits for answers is no storm, nor is a storm of storms
		return nil
	}
	rest := s.rest
	s.near.holding = true
	for range 400 {
		s.rest = append(again[1:len(again):len(again)], 0, 0)
		if err := s.step(again[0]); err != nil {
			return err
		}
	}
	s.rest = rest
	return s.near.release()
}
