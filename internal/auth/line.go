package auth

import (
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// maxLine is the longest line of authorized keys that is read, in bytes. An RSA key of
// 16384 bits takes 2,800.
const maxLine = 16 << 10

// entry is one line in the format of sshd's authorized_keys: options, key, comment.
type entry struct {
	key     ssh.PublicKey
	options options
}

// CheckLine reports what is wrong with a line of authorized keys, with a Hint method that
// says what to do. A line without a key is wrong too.
func CheckLine(line string) error {
	_, err := parseLine(line)
	return err
}

func lineFault(hint, format string, args ...any) error {
	return &fault{fmt.Sprintf(format, args...), hint}
}

const hintLine = "write a line as in authorized_keys: [options] type base64 [comment]"

// parseLine reads one line. sshd skips what it can't read; so do those who call this,
// but they can say why.
func parseLine(line string) (*entry, error) {
	if len(line) > maxLine {
		return nil, lineFault(hintLine, "the line has %d bytes, more than %d", len(line), maxLine)
	}
	if strings.ContainsAny(line, "\r\n\x00") {
		return nil, lineFault("write one key a line", "there is more than one line, or a NUL")
	}
	var e entry
	kind, rest := cutBlank(strings.Trim(line, " \t"))
	if !isKeyType(kind) {
		text, after, err := cutOptions(strings.Trim(line, " \t"))
		if err != nil {
			return nil, err
		}
		if kind, rest = cutBlank(after); !isKeyType(kind) {
			return nil, lineFault(hintLine, "there is no public key, or one of an unknown type")
		}
		if e.options, err = parseOptions(text); err != nil {
			return nil, err
		}
	}
	var err error
	if e.key, err = parseBlob(kind, rest); err != nil {
		return nil, err
	}
	return &e, e.options.check()
}

// parseBlob reads the key's base64 and refuses what is too weak.
func parseBlob(kind, rest string) (ssh.PublicKey, error) {
	const remedy = "copy the whole line of the .pub file"
	text, _ := cutBlank(rest)
	blob, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, lineFault(remedy, "the key is no base64")
	}
	key, err := ssh.ParsePublicKey(blob)
	if err != nil || key.Type() != kind {
		return nil, lineFault(remedy, "the key is not a whole one of type %q", kind)
	}
	if _, ok := key.(*ssh.Certificate); ok {
		return nil, lineFault("list the key that signed it, with the option cert-authority", "a certificate can't be listed")
	}
	if err := CheckKey(key); err != nil {
		return nil, lineFault("make another: ssh-keygen -t ed25519", "%v", err)
	}
	return key, nil
}

// isKeyType reports whether a word begins a key. No option is named like one.
func isKeyType(word string) bool {
	return strings.HasPrefix(word, "ssh-") || strings.HasPrefix(word, "ecdsa-sha2-") ||
		strings.HasPrefix(word, "sk-ssh-") || strings.HasPrefix(word, "sk-ecdsa-")
}

// cutBlank cuts at the first blanks.
func cutBlank(s string) (word, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " \t")
}

// cutOptions cuts at the first blank outside quotes, in which \" is a quote.
func cutOptions(s string) (text, rest string, err error) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted && i+1 < len(s) && s[i+1] == '"':
			i++
		case c == '"':
			quoted = !quoted
		case (c == ' ' || c == '\t') && !quoted:
			return s[:i], strings.TrimLeft(s[i:], " \t"), nil
		}
	}
	if quoted {
		return "", "", lineFault("close the quotes", "a quote is not closed")
	}
	return "", "", lineFault(hintLine, "there is no public key")
}
