package auth

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// maxPassword is the longest password that is looked at, in bytes: nobody types more,
// and a hash function would chew on whatever is sent.
const maxPassword = 1024

// The limits of argon2id hashes that are computed. The configuration's author chooses
// the parameters, and a slip there must not take the gateway down with the first login.
const (
	maxArgonMemory  = 1 << 20 // KiB: 1 GiB
	maxArgonTime    = 64
	maxArgonThreads = 64
	maxBcryptCost   = 16 // about 4 s
)

// argonParams are argon2id's. Those of our own hashes are RFC 9106 §4's second choice,
// for where memory is short.
type argonParams struct {
	memory  uint32 // KiB
	time    uint32
	threads uint8
	salt    []byte
	sum     []byte
}

// hashFault is what is wrong with a hash. It never holds the text: it may be the password.
func hashFault(format string, args ...any) error {
	return &fault{fmt.Sprintf(format, args...), "make a hash with: sshtrail hash-password"}
}

// HashPassword returns the argon2id hash of password in the form that the configuration
// takes. It takes about 64 MiB and a tenth of a second. The caller keeps password.
func HashPassword(password []byte) (string, error) {
	if len(password) == 0 || len(password) > maxPassword {
		return "", fmt.Errorf("password has %d bytes: must have 1 to %d", len(password), maxPassword)
	}
	p := argonParams{memory: 64 << 10, time: 3, threads: 4, salt: make([]byte, 16)}
	if _, err := rand.Read(p.salt); err != nil {
		return "", fmt.Errorf("make salt: %w", err)
	}
	p.sum = p.compute(password, 32)
	return p.String(), nil
}

func (p argonParams) compute(password []byte, size uint32) []byte {
	return argon2.IDKey(password, p.salt, p.time, p.memory, p.threads, size)
}

// String is p as the PHC string format has it.
func (p argonParams) String() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads, b64(p.salt), b64(p.sum))
}

// checkHash reports what is wrong with a hash.
func checkHash(text string) error {
	if isBcrypt(text) {
		cost, err := bcrypt.Cost([]byte(text))
		if err != nil || len(text) != 60 {
			return hashFault("this bcrypt hash is not whole")
		}
		if cost > maxBcryptCost {
			return hashFault("bcrypt with cost %d takes too long: at most %d", cost, maxBcryptCost)
		}
		return nil
	}
	if strings.HasPrefix(text, "$argon2id$") {
		_, err := parseArgon(text)
		return err
	}
	return hashFault("this is no hash by bcrypt or argon2id, and a password in plain text is not taken")
}

func isBcrypt(text string) bool {
	return strings.HasPrefix(text, "$2a$") || strings.HasPrefix(text, "$2b$") || strings.HasPrefix(text, "$2y$")
}

// parseArgon reads $argon2id$v=19$m=…,t=…,p=…$salt$sum.
func parseArgon(text string) (argonParams, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return argonParams{}, hashFault("this argon2id hash is not whole, or of another version than 19")
	}
	var p argonParams
	if err := p.parseCosts(parts[3]); err != nil {
		return argonParams{}, err
	}
	var err error
	if p.salt, err = base64.RawStdEncoding.Strict().DecodeString(parts[4]); err != nil || len(p.salt) < 8 || len(p.salt) > 64 {
		return argonParams{}, hashFault("the salt of this argon2id hash must be 8 to 64 bytes in base64")
	}
	if p.sum, err = base64.RawStdEncoding.Strict().DecodeString(parts[5]); err != nil || len(p.sum) < 16 || len(p.sum) > 64 {
		return argonParams{}, hashFault("the sum of this argon2id hash must be 16 to 64 bytes in base64")
	}
	return p, nil
}

// parseCosts reads m=…,t=…,p=… in this order, as every implementation writes them.
func (p *argonParams) parseCosts(text string) error {
	limits := []struct {
		prefix   string
		min, max uint64
	}{{"m=", 8, maxArgonMemory}, {"t=", 1, maxArgonTime}, {"p=", 1, maxArgonThreads}}
	parts := strings.Split(text, ",")
	if len(parts) != len(limits) {
		return hashFault("the costs of this argon2id hash must be m=…,t=…,p=…")
	}
	var values [3]uint64
	for i, l := range limits {
		digits, ok := strings.CutPrefix(parts[i], l.prefix)
		n, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || n < l.min || n > l.max {
			return hashFault("the cost %s of this argon2id hash must be %d to %d", l.prefix, l.min, l.max)
		}
		values[i] = n
	}
	p.memory, p.time, p.threads = uint32(values[0]), uint32(values[1]), uint8(values[2])
	return nil
}

// hasher compares passwords with hashes, a few at a time: a comparison costs a core and,
// with argon2id, as much memory as its author wished, and anybody may ask for one.
type hasher struct{ slots chan struct{} }

func newHasher() *hasher {
	return &hasher{slots: make(chan struct{}, 2*runtime.GOMAXPROCS(0))}
}

// compare reports whether password has that hash. Its error is that of ctx, which ended
// while others were being compared.
func (h *hasher) compare(ctx context.Context, hash PasswordHash, password []byte) (bool, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	defer func() { <-h.slots }()
	if text := hash.Reveal(); isBcrypt(text) {
		return compareBcrypt(text, password), nil
	}
	p, err := parseArgon(hash.Reveal())
	if err != nil {
		return false, nil
	}
	return subtle.ConstantTimeCompare(p.compute(password, uint32(len(p.sum))), p.sum) == 1, nil
}

// compareBcrypt refuses what bcrypt would cut: it looks at the first 72 bytes only, and up
// to the first NUL, so that two passwords would be one. A longer password was never hashed
// as itself.
func compareBcrypt(hash string, password []byte) bool {
	whole := len(password) <= 72 && !bytes.ContainsRune(password, 0)
	if len(password) > 72 {
		password = password[:72] // for the time it takes
	}
	return bcrypt.CompareHashAndPassword([]byte(hash), password) == nil && whole
}
