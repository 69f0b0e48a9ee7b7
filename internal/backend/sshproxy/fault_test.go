package sshproxy

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/sshdtest"
)

const password = "correct horse"

// serve answers connections with handle until the test ends.
func serve(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go handle(c)
		}
	}()
	return l.Addr().String()
}

// sshServer serves logins with what is set in config.
func sshServer(t *testing.T, config *ssh.ServerConfig) Config {
	t.Helper()
	key, _ := rsaKey(t)
	config.AddHostKey(key)
	addr := serve(t, func(c net.Conn) {
		conn, channels, requests, err := ssh.NewServerConn(c, config)
		if err != nil {
			return
		}
		go ssh.DiscardRequests(requests)
		for n := range channels {
			_ = n.Reject(ssh.Prohibited, "no")
		}
		_ = conn.Close()
	})
	return configAt(t, addr, Config{
		Username: "alice", Password: password,
		AllowedHostKeyFingerprints: []string{ssh.FingerprintSHA256(key.PublicKey())},
	})
}

func TestPassword(t *testing.T) {
	c := sshServer(t, &ssh.ServerConfig{PasswordCallback: func(_ ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) {
		if string(p) != password {
			return nil, errors.New("wrong")
		}
		return nil, nil
	}})
	connect(t, c)
	c.Password = "hunter2"
	_, err := connectAs(t, c, "x")
	if err == nil || !strings.Contains(err.Error(), `does not let in user "alice"`) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("Connect with a wrong password = %v, want a refusal without it", err)
	}
}

func TestKeyboardInteractive(t *testing.T) {
	var questions []string
	var echo bool
	c := sshServer(t, &ssh.ServerConfig{KeyboardInteractiveCallback: func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		answers, err := ask("", "", questions, []bool{echo, echo}[:len(questions)])
		if err != nil || len(answers) != 1 || answers[0] != password {
			return nil, errors.New("wrong")
		}
		return nil, nil
	}})
	questions = []string{"Password: "}
	connect(t, c)
	echo = true
	if _, err := connectAs(t, c, "x"); err == nil {
		t.Error("the password was given to a question that shows it")
	}
	questions, echo = []string{"Password: ", "Code: "}, false
	if _, err := connectAs(t, c, "x"); err == nil {
		t.Error("the password was given to two questions")
	}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	c := configAt(t, addr, Config{Username: "alice", Password: password, AllowedHostKeyFingerprints: []string{anyFingerprint}})
	if _, err := connectAs(t, c, "x"); err == nil || !strings.Contains(err.Error(), addr+" can't be reached") {
		t.Errorf("Connect = %v, want an error that names the server", err)
	}
}

const anyFingerprint = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// A server that takes the connection and says nothing, or nothing after its version.
func TestSilentServer(t *testing.T) {
	for name, greeting := range map[string]string{"silent": "", "stuck": "SSH-2.0-x\r\n"} {
		t.Run(name, func(t *testing.T) {
			addr := serve(t, func(c net.Conn) { _, _ = io.WriteString(c, greeting) })
			c := configAt(t, addr, Config{Username: "alice", Password: password, AllowedHostKeyFingerprints: []string{anyFingerprint}})
			c.Timeout = 50 * time.Millisecond
			if _, err := connectAs(t, c, "x"); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), addr) {
				t.Errorf("Connect = %v, want that the time is over", err)
			}
			c.Timeout = time.Hour
			d, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(10*time.Millisecond, cancel)
			if _, err := d.Connect(ctx, "x"); !errors.Is(err, context.Canceled) {
				t.Errorf("Connect = %v, want that it was cancelled", err)
			}
		})
	}
}

// What a server says is in messages, but not as it likes.
func TestHostileText(t *testing.T) {
	offer := []string{"\x1b[2J"}
	payload := ssh.Marshal(struct { // RFC 4253 §7.1
		Cookie                                 [16]byte `sshtype:"20"`
		Kex, HostKey, CipherIn, CipherOut      []string
		MACIn, MACOut, CompressIn, CompressOut []string
		LanguageIn, LanguageOut                []string
		FirstFollows                           bool
		Reserved                               uint32
	}{Kex: offer, HostKey: offer, CipherIn: offer, CipherOut: offer, MACIn: offer, MACOut: offer, CompressIn: offer, CompressOut: offer})
	padding := 4 + (8-(5+len(payload)+4)%8)%8
	packet := binary.BigEndian.AppendUint32(nil, uint32(1+len(payload)+padding))
	packet = append(append(append(packet, byte(padding)), payload...), make([]byte, padding)...)
	addr := serve(t, func(c net.Conn) {
		_, _ = c.Write(append([]byte("SSH-2.0-x\r\n"), packet...))
		_, _ = io.Copy(io.Discard, c)
	})
	c := configAt(t, addr, Config{Username: "alice", Password: password, AllowedHostKeyFingerprints: []string{anyFingerprint}})
	_, err := connectAs(t, c, "x")
	if err == nil || !strings.Contains(err.Error(), `["\x1b[2J"]`) {
		t.Errorf("Connect = %q, want an error with what the server offers, quoted", err)
	}
	if strings.Contains(err.Error(), "sha1") {
		t.Errorf("Connect = %q, want an offer without SHA-1", err)
	}
	p := printable{fmt.Errorf("ä \x1b\n\xff\"\\\": %w", io.EOF)}
	if got, want := p.Error(), `ä \x1b\n\xff"\": EOF`; got != want || !errors.Is(p, io.EOF) {
		t.Errorf("printable = %s, want %s", got, want)
	}
}

// The server ends: who waits is told.
func TestServerGone(t *testing.T) {
	conns := make(chan net.Conn, 1)
	config := &ssh.ServerConfig{NoClientAuth: true}
	key, _ := rsaKey(t)
	config.AddHostKey(key)
	addr := serve(t, func(c net.Conn) {
		if _, channels, requests, err := ssh.NewServerConn(c, config); err == nil {
			go ssh.DiscardRequests(requests)
			go func() {
				for range channels {
				}
			}()
			conns <- c
		}
	})
	target, channels := connect(t, configAt(t, addr, Config{
		Username: "alice", Password: password, AllowedHostKeyFingerprints: []string{ssh.FingerprintSHA256(key.PublicKey())},
	}))
	_ = (<-conns).Close()
	if err := target.Wait(); err == nil || !strings.Contains(err.Error(), "alice@"+addr) {
		t.Errorf("Wait = %v, want an error that names the target", err)
	}
	if _, more := <-channels; more {
		t.Error("a channel from a server that is gone")
	}
}

func TestValidate(t *testing.T) {
	good := configFor(t, &sshdtest.Server{Addr: "h:22", User: "alice", HostKey: mustKey(t), ClientKey: nil})
	good.Password = password
	if err := good.Validate(); err != nil {
		t.Fatalf("Validate = %v", err)
	}
	for want, change := range map[string]func(*Config){
		"server":                     func(c *Config) { c.Server = "" },
		"port":                       func(c *Config) { c.Port = 0 },
		"username:":                  func(c *Config) { c.Username = "" },
		"usernamePassThrough":        func(c *Config) { c.UsernamePassThrough = true },
		"password, privateKey":       func(c *Config) { c.Password = "" },
		"allowedHostKeyFingerprints": func(c *Config) { c.AllowedHostKeyFingerprints = nil },
		"is none; they look":         func(c *Config) { c.AllowedHostKeyFingerprints = []string{"MD5:aa"} },
		"timeout":                    func(c *Config) { c.Timeout = 0 },
		"clientVersion":              func(c *Config) { c.ClientVersion = "SSH-2.0-x\r\n" },
		"ciphers":                    func(c *Config) { c.Ciphers = []string{"rot13"} },
		"kex":                        func(c *Config) { c.KeyExchanges = []string{"rot13"} },
		"macs":                       func(c *Config) { c.MACs = []string{"rot13"} },
		"hostKeyAlgos":               func(c *Config) { c.HostKeyAlgorithms = []string{"rot13"} },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Validate = %v, want %q in it", err, want)
		}
	}
}

func mustKey(t *testing.T) ssh.PublicKey {
	t.Helper()
	key, _ := rsaKey(t)
	return key.PublicKey()
}

func TestSecretIsNotShown(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, Config{Password: password}); strings.Contains(got, password) || strings.Contains(got, fmt.Sprintf("%x", password)) {
			t.Errorf("%s of a configuration shows the password", verb)
		}
	}
}
