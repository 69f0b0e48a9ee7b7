package config

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzParse reads anything as a configuration: it is taken or everything that is wrong with
// it is told, in lines that are in the file, of characters that act on no terminal.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{base, "", "{}", "a: &a [*a]", "<<: [{a: 1}, *x]", "audit: &x {<<: *x}", "auth: {users: [{name: a, password: {env: PATH}}]}", "? [a]: b", "!!binary x: y"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("fuzz", data)
		if (c == nil) == (err == nil) {
			t.Fatalf("Parse() = %v, %v", c, err)
		}
		if c != nil && len(c.Hash()) != 64 {
			t.Fatalf("Hash() = %q", c.Hash())
		}
		var problems Problems
		if err != nil && (!errors.As(err, &problems) || len(problems) == 0) {
			t.Fatalf("Parse() = %v, which names no problem", err)
		}
		for _, p := range problems {
			checkProblem(t, p, strings.Count(string(data), "\n")+1)
		}
	})
}

func checkProblem(t *testing.T, p Problem, lines int) {
	t.Helper()
	text := p.Error()
	if p.Message == "" || p.Line < 0 || p.Line > lines+1 {
		t.Fatalf("a problem in line %d of %d: %q", p.Line, lines, text)
	}
	if !utf8.ValidString(text) || strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
		t.Fatalf("a problem is told with what acts on a terminal: %q", text)
	}
}

// FuzzSecret has any text where secrets stand: no message repeats it.
func FuzzSecret(f *testing.F) {
	f.Fuzz(func(t *testing.T, secret string) {
		if len(secret) < 6 || !utf8.ValidString(secret) {
			return // may be in a message by chance
		}
		quoted, err := json.Marshal(secret) // is YAML too
		if err != nil {
			t.Fatal(err)
		}
		// What a message says anyway is no secret.
		known := strings.Join([]string{messagesWith(t, `"x"`), messagesWith(t, `"y"`)}, "\n")
		if strings.Contains(known, secret) {
			return
		}
		if told := messagesWith(t, string(quoted)); strings.Contains(told, secret) {
			t.Fatalf("%q is told: %s", secret, told)
		}
	})
}

// messagesWith returns all that is said about configurations with a secret in each place
// where one can be, as it is and of the wrong shape.
func messagesWith(t *testing.T, secret string) string {
	t.Helper()
	var all []string
	lines := secret[:len(secret)-1] + `\n"` // what has one line may be a file's name
	for _, text := range []string{
		"backend: sshproxy\n" + users + "sshproxy: {privateKey: " + lines + "}",
		"backend: local\n" + users + "ssh: {hostkeys: [" + lines + "]}",
		"backend: local\nauth: {users: [{name: a, password: " + secret + "}]}",
		"backend: local\nauth: {users: [{name: a, password: [" + secret + "]}]}",
		"backend: local\nauth: {users: " + secret + "}",
		"backend: sshproxy\n" + users + "sshproxy: {password: " + secret + "}",
		"backend: sshproxy\n" + users + "sshproxy: {password: {" + secret + ": 1}}",
		"backend: sshproxy\n" + users + "sshproxy: {privateKey: [" + secret + "]}",
		"backend: sshproxy\n" + users + "sshproxy: {privateKey: {" + secret + "}}",
		"backend: local\n" + users + "ssh: {hostkeys: [{" + secret + "}]}",
		"backend: local\n" + users + "audit: {s3: {secretKey: [" + secret + "], accessKey: " + secret + "}}",
	} {
		if _, err := Parse("f", []byte(text)); err != nil {
			all = append(all, err.Error())
		}
	}
	return strings.Join(all, "\n")
}
