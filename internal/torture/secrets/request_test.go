package secrets

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// takePassword empties the password of an attempt, and returns it.
func takePassword(body event.Body) (password []byte, hidden, is bool) {
	take := func(p *[]byte, hidden bool) ([]byte, bool, bool) {
		was := *p
		*p = nil
		return was, hidden, true
	}
	switch b := body.(type) {
	case *event.AuthPassword:
		return take(&b.Password, b.PasswordHidden)
	case *event.AuthPasswordSuccessful:
		return take(&b.Password, b.PasswordHidden)
	case *event.AuthPasswordFailed:
		return take(&b.Password, b.PasswordHidden)
	case *event.AuthPasswordBackendError:
		return take(&b.Password, b.PasswordHidden)
	}
	return nil, false, false
}

// TestPasswordsOnRequest has passwords recorded: they are where the format has a place for them,
// and in no other.
func TestPasswordsOnRequest(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Local(t), gatewaytest.Options{Passwords: true})
	x := newGuest()
	x.isRefused(t, g)
	s := x.logsIn(t, g)
	if err := s.Run("true"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	logs := g.Stop(t)
	var given []string
	for _, log := range logs.All() {
		for _, ev := range log.Events {
			if password, hidden, is := takePassword(ev.Body); is {
				given = append(given, string(password))
				if hidden {
					t.Errorf("event %d, %T, hides the password", ev.Seq, ev.Body)
				}
			}
			lacks(t, ev.Body, x.wrong, x.answer, x.right)
		}
	}
	// Attempts and their outcomes: of two users three wrong ones, and the right one in two logs.
	slices.Sort(given)
	want := slices.Sorted(slices.Values(slices.Concat(slices.Repeat([]string{x.wrong.text}, 12), slices.Repeat([]string{gatewaytest.Password}, 4))))
	if !slices.Equal(given, want) {
		t.Errorf("the logs have the passwords %q, want %q", given, want)
	}
	cookies := oracle.Bodies[*event.X11](logs.Only(t))
	if len(cookies) != 1 || cookies[0].Cookie != x.cookie.text || cookies[0].CookieHidden {
		t.Errorf("the log has %+v, want the cookie", cookies)
	}
	// What is in the logs is not in the messages. The commands that read logs show what is in them.
	found := traces{"standard output": g.Out.Bytes(), "standard error": g.Errs.Bytes()}
	found.run(t, g, "check")
	found.run(t, g, "ls")
	found.run(t, g, "ls", "--json")
	found.lack(t, x.canaries()...)
}

// lacks checks one event without its data.
func lacks(t testing.TB, body event.Body, canaries ...canary) {
	t.Helper()
	text := fmt.Appendf(nil, "%+v %[1]v %[1]q", body)
	for _, c := range canaries {
		if form := c.in(text); form != "" {
			t.Errorf("the %s is in %T (%s): %s", c.what, body, form, bytes.TrimSpace(text))
		}
	}
}

// TestAHashIsNoPassword has the command that makes hashes print nothing else.
func TestAHashIsNoPassword(t *testing.T) {
	t.Parallel()
	password := newCanary("password to be hashed")
	cmd := gatewaytest.Program(t, gatewaytest.Sshtrail(), "hash-password")
	cmd.Stdin = strings.NewReader(password.text + "\n")
	r := gatewaytest.Do(t, cmd)
	if r.Status != 0 || !strings.Contains(r.Out, "$") {
		t.Errorf("hash-password ends with %d and prints %q, %q", r.Status, r.Out, r.Errs)
	}
	traces{"what hash-password prints": []byte(r.Out + r.Errs)}.lack(t, password)
}
