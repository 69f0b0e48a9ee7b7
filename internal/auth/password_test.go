package auth

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// cheap returns an argon2id hash that costs little, for tests.
func cheap(t *testing.T, password string) PasswordHash {
	t.Helper()
	p := argonParams{memory: 8, time: 1, threads: 1, salt: []byte("0123456789abcdef")}
	p.sum = p.compute([]byte(password), 32)
	return mustHash(t, p.String())
}

func mustHash(t *testing.T, text string) PasswordHash {
	t.Helper()
	h, err := NewPasswordHash(text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func bcryptHash(t *testing.T, password, prefix string) PasswordHash {
	t.Helper()
	text, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return mustHash(t, prefix+string(text[4:]))
}

func TestHashPassword(t *testing.T) {
	text, err := HashPassword([]byte("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := HashPassword([]byte("correct horse"))
	if err != nil || again == text {
		t.Errorf("two hashes of one password are the same: %v", err)
	}
	if !strings.HasPrefix(text, "$argon2id$v=19$m=65536,t=3,p=4$") {
		t.Errorf("HashPassword() = %q", text)
	}
	for password, want := range map[string]bool{"correct horse": true, "correct horsf": false, "": false} {
		if got, err := newHasher().compare(t.Context(), mustHash(t, text), []byte(password)); got != want || err != nil {
			t.Errorf("compare(%q) = %v, %v, want %v", password, got, err, want)
		}
	}
	for _, size := range []int{0, maxPassword + 1} {
		if _, err := HashPassword(make([]byte, size)); err == nil {
			t.Errorf("a password of %d bytes is hashed", size)
		}
	}
}

// The hash is of the reference implementation: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1.
func TestArgonOfOthers(t *testing.T) {
	const text = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if got, err := newHasher().compare(t.Context(), mustHash(t, text), []byte("password")); !got || err != nil {
		t.Errorf("compare() = %v, %v, want true", got, err)
	}
}

func TestBcrypt(t *testing.T) {
	for _, prefix := range []string{"$2a$", "$2b$", "$2y$"} {
		hash := bcryptHash(t, "secret", prefix)
		for password, want := range map[string]bool{"secret": true, "Secret": false, "": false, "secret\x00secret": false, "secret\x00": false} {
			if got, err := newHasher().compare(t.Context(), hash, []byte(password)); got != want || err != nil {
				t.Errorf("%s: compare(%q) = %v, %v, want %v", prefix, password, got, err, want)
			}
		}
	}
	long := strings.Repeat("x", 72)
	for password, want := range map[string]bool{long: true, long + "y": false} {
		if got, err := newHasher().compare(t.Context(), bcryptHash(t, long, "$2b$"), []byte(password)); got != want || err != nil {
			t.Errorf("compare(%d bytes) = %v, %v, want %v", len(password), got, err, want)
		}
	}
}

func TestHashesThatAreRefused(t *testing.T) {
	const sum = "$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for _, text := range []string{
		"hunter2", "$1$abc$def", "$5$x$y", "$argon2i$v=19$m=64,t=1,p=1" + sum, "$argon2d$v=19$m=64,t=1,p=1" + sum,
		"$2b$12$short", "$2b$17$" + strings.Repeat("a", 53), "$2b$31$" + strings.Repeat("a", 53), "$2x$05$" + strings.Repeat("a", 53),
		"$2b$05$" + strings.Repeat("a", 54),
		"$argon2id$", "$argon2id$v=16$m=64,t=1,p=1" + sum, "$argon2id$v=19$m=4294967295,t=1,p=1" + sum,
		"$argon2id$v=19$m=1048577,t=1,p=1" + sum, "$argon2id$v=19$m=64,t=0,p=1" + sum, "$argon2id$v=19$m=64,t=65,p=1" + sum,
		"$argon2id$v=19$m=64,t=1,p=0" + sum, "$argon2id$v=19$m=64,t=1,p=255" + sum, "$argon2id$v=19$m=64,t=1" + sum,
		"$argon2id$v=19$m=64,t=1,p=1,x=1" + sum, "$argon2id$v=19$m=+64,t=1,p=1" + sum,
		"$argon2id$v=19$m=64,t=1,p=1$$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$", "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA",
		"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc$x",
	} {
		h, err := NewPasswordHash(text)
		if err == nil || h.IsSet() {
			t.Errorf("hash %q is taken", text)
		}
		var hint interface{ Hint() string }
		if !errors.As(err, &hint) || !strings.Contains(hint.Hint(), "hash-password") {
			t.Errorf("hash %q: %v does not say how to make one", text, err)
		}
	}
}

func TestComparisonsAreLimited(t *testing.T) {
	h := newHasher()
	for range cap(h.slots) {
		h.slots <- struct{}{}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if ok, err := h.compare(ctx, cheap(t, "x"), []byte("x")); ok || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("compare() with all slots taken = %v, %v, want a deadline", ok, err)
	}
	<-h.slots
	if ok, err := h.compare(t.Context(), cheap(t, "x"), []byte("x")); !ok || err != nil {
		t.Errorf("compare() with a slot = %v, %v", ok, err)
	}
	if len(h.slots) != cap(h.slots)-1 {
		t.Error("compare() kept its slot")
	}
}

func newUsers(t *testing.T, users ...User) *Users {
	t.Helper()
	u, err := NewUsers(users, func() time.Time { return testTime })
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestPasswordOfUsers(t *testing.T) {
	u := newUsers(t, User{Name: "alice", Password: cheap(t, "a-secret")}, User{Name: "bob", Password: bcryptHash(t, "b-secret", "$2b$")}, User{Name: "carol", Keys: []string{line(t, newKey(t))}})
	for _, test := range []struct {
		user, password string
		want           bool
	}{
		{"alice", "a-secret", true}, {"bob", "b-secret", true},
		{"alice", "b-secret", false}, {"bob", "a-secret", false}, {"alice", "", false},
		{"carol", "", false}, {"carol", "a-secret", false}, {"carol", "b-secret", false},
		{"nobody", "a-secret", false}, {"nobody", "b-secret", false}, {"", "", false}, {"Alice", "a-secret", false},
		{"alice", strings.Repeat("x", maxPassword+1), false},
	} {
		g, err := u.Password(t.Context(), Request{Username: test.user}, []byte(test.password))
		if test.want {
			if err != nil || g == nil || g.Username != test.user {
				t.Errorf("Password(%q, %q) = %+v, %v, want a grant", test.user, test.password, g, err)
			}
			continue
		}
		if g != nil || !errors.Is(err, ErrDenied) || err.Error() != ErrDenied.Error() {
			t.Errorf("Password(%q, %q) = %+v, %v, want %v and no more", test.user, test.password, g, err, ErrDenied)
		}
	}
}

// Who does not exist, or has no password, must cost a comparison: with all slots taken
// everybody waits.
func TestNobodyCostsAComparison(t *testing.T) {
	u := newUsers(t, User{Name: "alice", Password: cheap(t, "x")}, User{Name: "carol", Keys: []string{line(t, newKey(t))}})
	for range cap(u.hasher.slots) {
		u.hasher.slots <- struct{}{}
	}
	if _, err := u.Password(t.Context(), Request{Username: "alice"}, make([]byte, maxPassword+1)); !errors.Is(err, ErrDenied) {
		t.Errorf("a password that is too long waits for a comparison: %v", err)
	}
	for _, name := range []string{"alice", "carol", "nobody"} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var failed *BackendError
		if _, err := u.Password(ctx, Request{Username: name}, []byte("x")); !errors.As(err, &failed) || errors.Is(err, ErrDenied) {
			t.Errorf("Password(%q) = %v, want a BackendError: nobody compared", name, err)
		}
	}
}

func TestPasswordsAreOfferedToAllOrNone(t *testing.T) {
	key := line(t, newKey(t))
	if m := newUsers(t, User{Name: "a", Keys: []string{key}}).Methods(); m.Passwords != nil || m.PublicKeys == nil {
		t.Errorf("Methods() without passwords = %+v", m)
	}
	if m := newUsers(t, User{Name: "a", Keys: []string{key}}, User{Name: "b", Password: cheap(t, "x")}).Methods(); m.Passwords == nil {
		t.Errorf("Methods() with a password = %+v", m)
	}
}

func TestPasswordIsTheCallers(t *testing.T) {
	password := []byte("a-secret")
	u := newUsers(t, User{Name: "alice", Password: cheap(t, "a-secret")})
	if _, err := u.Password(t.Context(), Request{Username: "alice"}, password); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(password, []byte("a-secret")) {
		t.Errorf("the password was changed to %q", password)
	}
}
