package auth

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// keyList looks an offered key up in lines of authorized keys.
type keyList struct {
	req     Request
	offered ssh.PublicKey
	cert    *ssh.Certificate // offered, if it is one
	needle  string           // the base64 that a line for it has
	now     time.Time
	reasons []string // why lines that have the key did not let it in
}

// maxReasons keeps a message short whatever the files hold.
const maxReasons = 5

func newKeyList(req Request, offered ssh.PublicKey, now time.Time) *keyList {
	l := &keyList{req: req, offered: offered, now: now}
	listed := offered
	if cert, ok := offered.(*ssh.Certificate); ok {
		l.cert, listed = cert, cert.SignatureKey
	}
	l.needle = base64.StdEncoding.EncodeToString(listed.Marshal())
	return l
}

// search returns the grant of the first line that lets the offered key in, or nil. place
// names where the lines are from. Only lines that have the key are parsed, so that a
// stranger can't make us parse everything again and again.
func (l *keyList) search(place, text string) *Grant {
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if !strings.Contains(line, l.needle) || strings.HasPrefix(strings.TrimLeft(line, " \t"), "#") {
			continue
		}
		at := fmt.Sprintf("%s:%d", place, number)
		g, err := l.try(line)
		if err != nil {
			l.note(at + ": " + err.Error())
		}
		if g != nil {
			g.Username = l.req.Username
			g.By = "key " + ssh.FingerprintSHA256(l.offered) + " (" + at + ")"
			if l.cert != nil {
				g.By = "certificate " + fmt.Sprintf("%q", l.cert.KeyId) + " of key " + ssh.FingerprintSHA256(l.cert.Key) + " (" + at + ")"
			}
			return g
		}
	}
	return nil
}

// try returns what one line grants, or why it grants nothing. Both are nil if the line is
// not for the offered key.
func (l *keyList) try(line string) (*Grant, error) {
	e, err := parseLine(line)
	if err != nil {
		return nil, err
	}
	listed := l.offered
	if l.cert != nil {
		listed = l.cert.SignatureKey
	}
	if string(e.key.Marshal()) != string(listed.Marshal()) || e.options.authority != (l.cert != nil) {
		return nil, nil
	}
	if e.options.from != nil && !e.options.from.allows(l.req.RemoteAddr) {
		return nil, fmt.Errorf("key is not for the client's address")
	}
	if !e.options.expires.IsZero() && !l.now.Before(e.options.expires) {
		return nil, fmt.Errorf("key expired at %s", e.options.expires.UTC().Format(time.RFC3339))
	}
	if l.cert != nil {
		return e.certified(l.req, l.cert, l.now)
	}
	g := new(Grant)
	e.options.grant(g)
	return g, nil
}

func (l *keyList) note(reason string) {
	if len(l.reasons) < maxReasons {
		l.reasons = append(l.reasons, reason)
	}
}

// refuse returns the no for a key that no line let in.
func (l *keyList) refuse() error {
	if len(l.reasons) > 0 {
		return denied("%s", strings.Join(l.reasons, ", "))
	}
	return denied("key %s is not listed for user %q", ssh.FingerprintSHA256(l.offered), l.req.Username)
}
