package config

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{"0": 0, "5242880": 5 << 20, "128KiB": 128 << 10, "5 MiB": 5 << 20, "1GiB": 1 << 30} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("size %q = %d, %v, want %d", text, s, err, want)
		}
		var back Size
		if err := back.UnmarshalText([]byte(s.String())); err != nil || back != s {
			t.Errorf("size %q is written %q", text, s)
		}
	}
	for _, text := range []string{"", "-1", "1.5MiB", "1MB", "KiB", "9007199254740993GiB", "99999999999999999999"} {
		if err := new(Size).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("size %q is taken", text)
		}
	}
}

func TestDurationIsWrittenAsItIsRead(t *testing.T) {
	for text, want := range map[string]string{"0": "0", "0s": "0", "60s": "1m", "90s": "1m30s", "24h": "24h", "100ms": "100ms"} {
		var d, back Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || d.String() != want {
			t.Errorf("duration %q = %q, %v, want %q", text, d, err, want)
		}
		if err := back.UnmarshalText([]byte(d.String())); err != nil || back != d {
			t.Errorf("duration %v is written %q", time.Duration(d), d)
		}
	}
}

func TestStartups(t *testing.T) {
	for text, want := range map[string]Startups{"100:30:200": {100, 30, 200}, "5": {5, 100, 5}, "1:1:1": {1, 1, 1}} {
		var s Startups
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("maxStartups %q = %+v, %v, want %+v", text, s, err, want)
		}
	}
	for _, text := range []string{"", "0", "10:30", "10:101:20", "30:10:20", "a:b:c", "1:2:3:4", "-1:2:3"} {
		if err := new(Startups).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("maxStartups %q is taken", text)
		}
	}
}

// The defaults must be what the library has and calls secure, whatever version it is.
func TestDefaultAlgorithmsAreKnown(t *testing.T) {
	good, c := ssh.SupportedAlgorithms(), defaults()
	for _, test := range []struct {
		name        string
		have, known []string
	}{
		{"ciphers", c.SSH.Ciphers, good.Ciphers},
		{"kex", c.SSH.Kex, good.KeyExchanges},
		{"macs", c.SSH.MACs, good.MACs},
		{"sshproxy.ciphers", c.SSHProxy.Ciphers, good.Ciphers},
		{"sshproxy.kex", c.SSHProxy.Kex, good.KeyExchanges},
		{"sshproxy.macs", c.SSHProxy.MACs, good.MACs},
		{"sshproxy.hostKeyAlgos", c.SSHProxy.HostKeyAlgos, good.HostKeys},
	} {
		if len(test.have) == 0 {
			t.Errorf("%s is empty", test.name)
		}
		for _, name := range test.have {
			if !slices.Contains(test.known, name) {
				t.Errorf("%s: the library does not know %q", test.name, name)
			}
		}
	}
	if c.SSH.Kex[0] != ssh.KeyExchangeMLKEM768X25519 {
		t.Errorf("kex begins with %q, want the post-quantum one", c.SSH.Kex[0])
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"kex", "ksx", 1}, {"audti", "audit", 1}, {"stdin", "stdout", 3}, {"abc", "abc", 0}} {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("distance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
