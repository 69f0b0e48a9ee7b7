package auth

import (
	//lint:ignore SA1019 to see it refused
	"crypto/dsa"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

var testTime = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

func newSigner(t *testing.T) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newKey(t *testing.T) ssh.PublicKey { return newSigner(t).PublicKey() }

// line is key as a line of authorized_keys, without its newline.
func line(t *testing.T, key ssh.PublicKey) string {
	t.Helper()
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

// offer returns what a user with that line of keys gets for a key.
func offer(t *testing.T, text string, req Request, key ssh.PublicKey) (*Grant, error) {
	t.Helper()
	list := newKeyList(req, key, testTime)
	if g := list.search("keys", text); g != nil {
		return g, nil
	}
	return nil, list.refuse()
}

func TestOptionsLimitTheGrant(t *testing.T) {
	key := newKey(t)
	all := Grant{NoPTY: true, NoPortForwarding: true, NoAgentForwarding: true, NoX11Forwarding: true, NoUserRC: true}
	with := func(change func(*Grant)) Grant { g := all; change(&g); return g }
	for _, test := range []struct {
		options string
		want    Grant
	}{
		{"", Grant{}},
		{"no-pty ", Grant{NoPTY: true}},
		{"NO-PTY ", Grant{NoPTY: true}},
		{"no-port-forwarding,no-agent-forwarding ", Grant{NoPortForwarding: true, NoAgentForwarding: true}},
		{"no-X11-forwarding,no-user-rc\t", Grant{NoX11Forwarding: true, NoUserRC: true}},
		{"restrict ", all},
		{"restrict,pty ", with(func(g *Grant) { g.NoPTY = false })},
		{"pty,restrict ", all},
		{"restrict,port-forwarding,X11-forwarding,agent-forwarding,user-rc,pty ", Grant{}},
		{`command="echo \"a, b\" \n" `, Grant{ForceCommand: `echo "a, b" \n`, Forced: true}},
		{`command="" `, Grant{Forced: true}},
		{`environment="A=1",environment="B=x y",environment="A=2" `, Grant{Environment: []string{"A=1", "B=x y"}}},
		{"no-touch-required ", Grant{NoTouchRequired: true}},
		{"no-touch-required,touch-required ", Grant{}},
		{`from="192.0.2.0/24",expiry-time="20260314160000Z" `, Grant{}},
	} {
		g, err := offer(t, test.options+line(t, key)+" a comment", Request{Username: "u", RemoteAddr: "192.0.2.7:5"}, key)
		if err != nil {
			t.Errorf("%q: %v", test.options, reason(err))
			continue
		}
		if g.Username != "u" || !strings.Contains(g.By, "keys:1") {
			t.Errorf("%q: granted to %q by %q", test.options, g.Username, g.By)
		}
		got := *g
		got.Username, got.By = "", ""
		if !sameGrant(got, test.want) {
			t.Errorf("%q: grant %+v, want %+v", test.options, got, test.want)
		}
	}
}

func sameGrant(a, b Grant) bool {
	return a.ForceCommand == b.ForceCommand && a.Forced == b.Forced && a.NoPTY == b.NoPTY &&
		a.NoPortForwarding == b.NoPortForwarding && a.NoAgentForwarding == b.NoAgentForwarding &&
		a.NoX11Forwarding == b.NoX11Forwarding && a.NoUserRC == b.NoUserRC &&
		slices.Equal(a.Environment, b.Environment) && a.NoTouchRequired == b.NoTouchRequired &&
		slices.Equal(a.open, b.open) && slices.Equal(a.listen, b.listen)
}

func reason(err error) string {
	var d *Denied
	if errors.As(err, &d) {
		return d.Reason
	}
	return err.Error()
}

func TestLinesThatLetNobodyIn(t *testing.T) {
	key := newKey(t)
	for _, test := range []struct{ before, want string }{
		{"no-typing ", `"no-typing" is not known`},
		{`frm="10.0.0.1" `, `"frm" is not known`},
		{`no-pty="x" `, `"no-pty" is not known`},
		{"command ", `"command" is not known`},
		{"verify-required ", "can't be kept"},
		{`tunnel="1" `, "can't be kept"},
		{`command="a",command="b" `, "two commands"},
		{`command="a `, "not closed"},
		{`command="a"no-pty `, "not well formed"},
		{"no-pty, ", "not well formed"},
		{`from="198.51.100.0/24" `, "not for the client's address"},
		{`from="" `, "no address"},
		{`from="*.example.com" `, "names are not looked up"},
		{`from="10.0.0.1,!evil.example.com" `, "names are not looked up"},
		{`from="192.0.2.1/24" `, "no network"},
		{`from="192.0.2.0/24",from="192.0.2.0/24" `, "twice"},
		{`expiry-time="20260314150926Z" `, "expired"},
		{`expiry-time="20260314" `, "expired"},
		{`expiry-time="20300101",expiry-time="20200101" `, "expired"},
		{`expiry-time="2026-12-31" `, "no time"},
		{`expiry-time="" `, "no time"},
		{`environment="A B=1" `, "sets no variable"},
		{`environment="=1" `, "sets no variable"},
		{`environment="A" `, "sets no variable"},
		{`permitopen="host" `, "no host and port"},
		{`permitopen=":22" `, "no host and port"},
		{`permitopen="host:0" `, "no host and port"},
		{`permitopen="host:70000" `, "no host and port"},
		{`principals="u" `, "authorities of certificates only"},
		{"cert-authority ", "not listed"},
		{"ssh-ed25519 ", "base64"},
		{"ssh-rsa AAAA, ", "base64"},
		{`command="` + strings.Repeat("x", maxLine) + `" `, "more than 16384"},
	} {
		g, err := offer(t, test.before+line(t, key), Request{Username: "u", RemoteAddr: "192.0.2.7:5"}, key)
		if g != nil || !errors.Is(err, ErrDenied) || !strings.Contains(reason(err), test.want) {
			t.Errorf("%q: %+v, %q, want no grant since %q", test.before, g, reason(err), test.want)
		}
		if err != nil && err.Error() != ErrDenied.Error() {
			t.Errorf("%q: the client would be told %q", test.before, err)
		}
	}
}

func TestKeyOfAnotherTypeThanItSays(t *testing.T) {
	text := strings.Replace(line(t, newKey(t)), "ssh-ed25519", "ssh-rsa", 1)
	if err := CheckLine(text); err == nil || !strings.Contains(err.Error(), `type "ssh-rsa"`) {
		t.Errorf("CheckLine(%q) = %v", text, err)
	}
}

func TestLaterLineLetsIn(t *testing.T) {
	key, other := newKey(t), newKey(t)
	text := "# " + line(t, key) + "\n\n" + line(t, other) + "\r\nno-typing " + line(t, key) + "\r\nno-pty " + line(t, key) + "\r\n"
	g, err := offer(t, text, Request{Username: "u"}, key)
	if err != nil || !g.NoPTY || !strings.Contains(g.By, "keys:5") {
		t.Errorf("grant = %+v, %v, want that of line 5", g, err)
	}
	for _, comment := range []string{"#", " # "} {
		if _, err := offer(t, comment+line(t, key), Request{Username: "u"}, key); !errors.Is(err, ErrDenied) || !strings.Contains(reason(err), "not listed") {
			t.Errorf("a comment lets in, or is taken for a line: %v (%s)", err, reason(err))
		}
	}
	if _, err := offer(t, line(t, other), Request{Username: "u"}, key); !errors.Is(err, ErrDenied) {
		t.Errorf("another's key lets in: %v", err)
	}
	if _, err := offer(t, line(t, other)+" "+line(t, key), Request{Username: "u"}, key); !errors.Is(err, ErrDenied) {
		t.Errorf("a key in a comment lets in: %v", err)
	}
}

func TestWeakKeysAreRefused(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	enough, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var old dsa.PrivateKey
	if err := dsa.GenerateParameters(&old.Parameters, rand.Reader, dsa.L1024N160); err != nil {
		t.Fatal(err)
	}
	if err := dsa.GenerateKey(&old, rand.Reader); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		public any
		want   bool
	}{"rsa1024": {&small.PublicKey, false}, "rsa2048": {&enough.PublicKey, true}, "p256": {&curve.PublicKey, true}, "dsa": {&old.PublicKey, false}} {
		key, err := ssh.NewPublicKey(test.public)
		if err != nil {
			t.Fatal(err)
		}
		if got := CheckKey(key) == nil; got != test.want {
			t.Errorf("CheckKey(%s) is fine: %v, want %v", name, got, test.want)
		}
		if got := CheckLine(line(t, key)) == nil; got != test.want {
			t.Errorf("CheckLine(%s) is fine: %v, want %v", name, got, test.want)
		}
	}
	for _, name := range KeyAlgorithms() {
		//lint:ignore SA1019 to see it refused
		if name == ssh.KeyAlgoRSA || name == ssh.InsecureKeyAlgoDSA || !slices.Contains(ssh.SupportedAlgorithms().PublicKeyAuths, name) {
			t.Errorf("KeyAlgorithms() has %q", name)
		}
	}
}

func TestForwardingLimits(t *testing.T) {
	key := newKey(t)
	grant := func(options string) *Grant {
		g, err := offer(t, options+" "+line(t, key), Request{Username: "u"}, key)
		if err != nil {
			t.Fatalf("%q: %v", options, reason(err))
		}
		return g
	}
	for _, test := range []struct {
		options, host string
		port          uint32
		open, listen  bool
	}{
		{"pty", "h", 22, true, true},
		{"restrict", "h", 22, false, false},
		{`restrict,permitopen="h:22"`, "h", 22, false, false},
		{`permitopen="h:22"`, "h", 22, true, true},
		{`permitopen="h:22"`, "h", 23, false, true},
		{`permitopen="h:22"`, "H", 22, false, true},
		{`permitopen="h:22",permitopen="[2001:db8::1]:*"`, "2001:db8:0::1", 9, true, true},
		{`permitopen="127.0.0.1:80"`, "::ffff:127.0.0.1", 80, true, true},
		{`permitopen="h:22"`, "h", 22 + 1<<16, false, true},
		{`permitlisten="8080"`, "localhost", 8080, true, true},
		{`permitlisten="8080"`, "localhost", 0, true, false},
		{`permitlisten="*:*"`, "", 0, true, true},
		{`permitlisten="local*:8080"`, "localhost", 8080, true, true},
		{`permitlisten="local*:8080"`, "0.0.0.0", 8080, true, false},
	} {
		g := grant(test.options)
		if got := g.MayOpen(test.host, test.port); got != test.open {
			t.Errorf("%s: MayOpen(%q, %d) = %v, want %v", test.options, test.host, test.port, got, test.open)
		}
		if got := g.MayListen(test.host, test.port); got != test.listen {
			t.Errorf("%s: MayListen(%q, %d) = %v, want %v", test.options, test.host, test.port, got, test.listen)
		}
	}
	for options, want := range map[string]bool{"pty": true, "no-port-forwarding": false, `permitopen="h:1"`: false, `permitlisten="1"`: false} {
		if got := grant(options).MayUseSockets(); got != want {
			t.Errorf("%s: MayUseSockets() = %v, want %v", options, got, want)
		}
	}
}

func TestAddressLists(t *testing.T) {
	for _, test := range []struct {
		list, remote string
		want         bool
	}{
		{"192.0.2.1", "192.0.2.1:1", true},
		{"192.0.2.1", "[::ffff:192.0.2.1]:1", true},
		{"::ffff:192.0.2.1", "192.0.2.1:1", true},
		{"192.0.2.1", "192.0.2.2:1", false},
		{"192.0.2.0/24", "192.0.2.255:1", true},
		{"192.0.2.0/24,!192.0.2.9", "192.0.2.9:1", false},
		{"!192.0.2.9,192.0.2.0/24", "192.0.2.9:1", false},
		{"!192.0.2.9", "192.0.2.1:1", false},
		{"*,!192.0.2.9", "198.51.100.1:1", true},
		{"10.0.*", "10.0.3.4:1", true},
		{"10.0.*", "110.0.3.4:1", false},
		{"10.0.0.?", "10.0.0.12:1", false},
		{"2001:db8::/32", "[2001:db8::5]:1", true},
		{"2001:DB8:*", "[2001:db8::5]:1", true},
		{"fe80::/10", "[fe80::1%eth0]:1", true},
		{"0.0.0.0/0", "[2001:db8::5]:1", false},
		{"*", "not an address", false},
		{"*", "", false},
	} {
		list, err := parseAddressList(test.list)
		if err != nil {
			t.Errorf("parseAddressList(%q): %v", test.list, err)
			continue
		}
		if got := list.allows(test.remote); got != test.want {
			t.Errorf("%q allows %q = %v, want %v", test.list, test.remote, got, test.want)
		}
	}
}

func TestWildcards(t *testing.T) {
	for _, test := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"*", "", true}, {"?", "", false}, {"a*b*c", "aXbXbXc", true}, {"a*b*c", "aXbXbX", false},
		{"*a", "aaab", false}, {"**", "x", true}, {"a?", "ab", true}, {"a", "ab", false},
		{strings.Repeat("*a", 50) + "b", strings.Repeat("a", 10_000), false},
	} {
		if got := matchWildcard(test.pattern, test.s); got != test.want {
			t.Errorf("matchWildcard(%.20q, %.20q) = %v, want %v", test.pattern, test.s, got, test.want)
		}
	}
}

func TestUsersRefuseAsOne(t *testing.T) {
	key := newKey(t)
	u := newUsers(t, User{Name: "alice", Keys: []string{line(t, key)}}, User{Name: "bob", Keys: []string{line(t, newKey(t))}})
	if g, err := u.PublicKey(t.Context(), Request{Username: "alice"}, key); err != nil || g.Username != "alice" {
		t.Errorf("PublicKey(alice) = %+v, %v", g, err)
	}
	for _, name := range []string{"bob", "nobody", "", "alice\x00"} {
		g, err := u.PublicKey(t.Context(), Request{Username: name}, key)
		if g != nil || !errors.Is(err, ErrDenied) || err.Error() != ErrDenied.Error() {
			t.Errorf("PublicKey(%q) = %+v, %v, want %v", name, g, err, ErrDenied)
		}
	}
}

func TestNewUsersRefuses(t *testing.T) {
	key := line(t, newKey(t))
	for name, users := range map[string][]User{
		"nobody": {}, "no name": {{Keys: []string{key}}}, "twice": {{Name: "a", Keys: []string{key}}, {Name: "a", Keys: []string{key}}},
		"bad key": {{Name: "a", Keys: []string{"x " + key}}}, "two keys": {{Name: "a", Keys: []string{key + "\n" + key}}},
	} {
		if _, err := NewUsers(users, time.Now); err == nil {
			t.Errorf("%s: NewUsers(%+v) is taken", name, users)
		}
	}
}

func FuzzLine(f *testing.F) {
	key, err := ssh.NewPublicKey(ed25519.NewKeyFromSeed(make([]byte, 32)).Public())
	if err != nil {
		f.Fatal(err)
	}
	blob := "ssh-ed25519 " + base64.StdEncoding.EncodeToString(key.Marshal())
	for _, options := range []string{"", "restrict ", `command="a\"b",from="10.0.0.0/8" `, `environment="A=1" `, `"`, `x=","`, "cert-authority,principals=\"a,b\" "} {
		f.Add(options + blob + " comment")
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parseLine(text)
		if err != nil {
			return
		}
		theirs, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
		if err != nil {
			t.Skip() // theirs splits quotes in another way
		}
		if string(theirs.Marshal()) != string(e.key.Marshal()) {
			t.Errorf("%q: ours is %s, theirs %s", text, ssh.FingerprintSHA256(e.key), ssh.FingerprintSHA256(theirs))
		}
	})
}
