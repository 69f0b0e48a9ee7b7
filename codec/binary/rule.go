package binary

import (
	"bytes"
	"net/netip"
	"strings"

	"github.com/sshtrail/sshtrail/event"
)

// rule is what a text must be beyond UTF-8. begun is for the end of a file that was cut:
// whether a text of size bytes can begin so.
type rule struct {
	words string // for people
	whole func(text string) bool
	begun func(text string, size int) bool
}

// ruleOf returns the rule of a field, nil if any text will do.
func ruleOf(f event.Field) *rule {
	switch {
	case f.Type.Name() == "By":
		return byRule()
	case f.Rule == "ip":
		return ipRule()
	case f.Rule == "sha256":
		return sha256Rule()
	}
	return nil
}

func byRule() *rule {
	return &rule{
		words: "must be client, gateway or target",
		whole: func(s string) bool {
			return s == string(event.ByClient) || s == string(event.ByGateway) || s == string(event.ByTarget)
		},
		begun: func(s string, size int) bool {
			for _, by := range []event.By{event.ByClient, event.ByGateway, event.ByTarget} {
				if len(by) == size && strings.HasPrefix(string(by), s) {
					return true
				}
			}
			return false
		},
	}
}

// maxIP is the length of the longest text of an address: an IPv4 one in IPv6, in full.
const maxIP = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")

func ipRule() *rule {
	return &rule{
		words: "must be an IP address without zone and port, or empty",
		whole: func(s string) bool {
			if s == "" {
				return true
			}
			a, err := netip.ParseAddr(s)
			return err == nil && a.Zone() == ""
		},
		begun: func(s string, size int) bool { return size <= maxIP && only(s, "0123456789abcdefABCDEF:.") },
	}
}

func sha256Rule() *rule {
	return &rule{
		words: "must be 64 lower-case hexadecimal digits, or empty",
		whole: func(s string) bool { return s == "" || len(s) == 64 && only(s, "0123456789abcdef") },
		begun: func(s string, size int) bool { return size == 64 && only(s, "0123456789abcdef") },
	}
}

// only reports whether all bytes of s are among those of set.
func only(s, set string) bool { return strings.Trim(s, set) == "" }

// hidden holds the key that says that a password is not recorded to the password before
// it, which must be empty then.
func (p *openPairs) hidden(key []byte) error {
	if string(key) != "passwordHidden" || p.depth != 2 || !bytes.HasSuffix(p.content[:p.s.Pos()], []byte{0xf5}) {
		return nil
	}
	if p.m.size > 0 {
		return p.s.Fault("true, with a password of %d bytes", p.m.size)
	}
	return nil
}
