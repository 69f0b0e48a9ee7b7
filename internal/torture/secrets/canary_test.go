package secrets

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/crypto/ssh"
)

// canary is a secret that is found wherever it gets to.
type canary struct {
	what  string
	text  string // empty if it is no text
	forms map[string][]byte
}

// newCanary makes one with characters that JSON, YAML, shells and terminals escape. What
// is searched for is what stands between them, which no escape changes.
func newCanary(what string) canary {
	core := rand.Text() // 26 characters
	c := canaryOf(what, []byte(core))
	c.text = `c"<\'` + core + `&é%`
	return c
}

// canaryOf makes one of a secret that is there already.
func canaryOf(what string, secret []byte) canary {
	c := canary{what: what, text: string(secret), forms: map[string][]byte{}}
	half := len(secret) / 2
	for name, part := range map[string][]byte{"": secret, "first half, ": secret[:half], "second half, ": secret[half:]} {
		c.add(name+"as it is", part)
		c.add(name+"upper case", bytes.ToUpper(part))
		c.add(name+"lower case", bytes.ToLower(part))
		c.add(name+"hex", []byte(hex.EncodeToString(part)))
		c.add(name+"upper hex", bytes.ToUpper([]byte(hex.EncodeToString(part))))
		c.add(name+"decimal", []byte(strings.Trim(fmt.Sprint(part), "[]")))
		for shift := range 3 {
			c.add(fmt.Sprintf("%sbase64 at %d", name, shift), inBase64(part, shift))
		}
		little, big := inUTF16(string(part))
		c.add(name+"UTF-16LE", little)
		c.add(name+"UTF-16BE", big)
	}
	return c
}

func (c canary) add(name string, form []byte) { c.forms[name] = form }

// inBase64 is what base64 makes of b that begins at an offset into groups of three, but for the
// characters that depend on what is around it.
func inBase64(b []byte, shift int) []byte {
	text := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), b...))
	first := (shift*8 + 5) / 6
	return []byte(text[first : (shift+len(b))*8/6])
}

func inUTF16(s string) (little, big []byte) {
	for _, unit := range utf16.Encode([]rune(s)) {
		little = append(little, byte(unit), byte(unit>>8))
		big = append(big, byte(unit>>8), byte(unit))
	}
	return little, big
}

// in returns the form in which the canary is in b: empty if it is not.
func (c canary) in(b []byte) string {
	for name, form := range c.forms {
		if bytes.Contains(b, form) {
			return name
		}
	}
	return ""
}

// keyCanary is the private part of the key in a file.
func keyCanary(t testing.TB, what, file string) canary {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParseRawPrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	c := canaryOf(what, key.(*ed25519.PrivateKey).Seed())
	block, _ := pem.Decode(text)
	lines := strings.Split(strings.TrimSpace(string(pem.EncodeToMemory(block))), "\n")
	for i, line := range lines[4 : len(lines)-1] { // those before have the public key
		c.add(fmt.Sprintf("line %d of its file", i+4), []byte(line))
	}
	return c
}

// A search that finds nothing is worth what it would find.
func TestCanariesAreFound(t *testing.T) {
	c := newCanary("canary")
	little, big := inUTF16("x" + c.text)
	for name, text := range map[string][]byte{
		"text":   []byte(c.text),
		"quoted": fmt.Appendf(nil, "%q", c.text),
		"hex":    fmt.Appendf(nil, "%x", "ab"+c.text),
		"HEX":    fmt.Appendf(nil, "%X", c.text),
		"bytes":  fmt.Appendf(nil, "%v", []byte(c.text)),
		"b64 0":  []byte(base64.StdEncoding.EncodeToString([]byte(c.text))),
		"b64 1":  []byte(base64.StdEncoding.EncodeToString([]byte("1" + c.text))),
		"b64 2":  []byte(base64.URLEncoding.EncodeToString([]byte("12" + c.text))),
		"little": little,
		"big":    big,
		"cut":    []byte(c.text[:20]),
		"cut 64": []byte(base64.StdEncoding.EncodeToString([]byte(c.text[:20]))),
	} {
		if c.in(text) == "" {
			t.Errorf("the canary %q is not found as %s: %q", c.text, name, text)
		}
	}
	if other := newCanary("other"); c.in([]byte(other.text)) != "" {
		t.Errorf("the canary %q is found in %q", c.text, other.text)
	}
}
