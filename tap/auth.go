package tap

import (
	"errors"
	"io"
	"net"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/leftover"
)

// BackendError is returned by an authentication callback, alone or wrapped, that could
// not decide. The attempt fails, and is recorded as a backend's error with its reason.
type BackendError struct{ Err error }

func (e *BackendError) Error() string { return e.Err.Error() }
func (e *BackendError) Unwrap() error { return e.Err }

// authWatch records one connection's attempts to authenticate. The library calls its
// methods one after the other.
type authWatch struct {
	sink      Sink
	passwords bool
	meta      ssh.ConnMetadata
	queue     leftover.Queue // of packets, once the library has told of the connection
	known     func()         // is told of that
	err       error          // the first that the sink returned: nobody is let in then

	password event.PasswordAttempt
	key      event.PubkeyAttempt
	keyErr   error // what the callback said of key
	offered  bool  // key was approved, and no outcome is known yet
	tried    bool  // the current attempt's callback was called
}

func (a *authWatch) emit(body event.Body) {
	if a.err == nil {
		a.err = a.sink.Emit(0, body)
	}
}

// wrap returns a copy of config whose callbacks are watched.
func (a *authWatch) wrap(config *ssh.ServerConfig) *ssh.ServerConfig {
	c := *config
	next := a.callbacks(ssh.ServerAuthCallbacks{
		PasswordCallback:            config.PasswordCallback,
		PublicKeyCallback:           config.PublicKeyCallback,
		KeyboardInteractiveCallback: config.KeyboardInteractiveCallback,
		GSSAPIWithMICConfig:         config.GSSAPIWithMICConfig,
	})
	c.PasswordCallback, c.PublicKeyCallback = next.PasswordCallback, next.PublicKeyCallback
	c.KeyboardInteractiveCallback = next.KeyboardInteractiveCallback
	c.GSSAPIWithMICConfig = next.GSSAPIWithMICConfig
	if verified := config.VerifiedPublicKeyCallback; verified != nil {
		c.VerifiedPublicKeyCallback = func(m ssh.ConnMetadata, k ssh.PublicKey, p *ssh.Permissions, algo string) (*ssh.Permissions, error) {
			p, err := verified(m, k, p, algo)
			a.keyErr = a.partial(err)
			return p, a.keyErr
		}
	}
	c.PreAuthConnCallback = func(m ssh.ServerPreAuthConn) {
		a.meta, a.queue = m, leftover.Of(m)
		a.known()
		if config.PreAuthConnCallback != nil {
			config.PreAuthConnCallback(m)
		}
	}
	c.AuthLogCallback = func(m ssh.ConnMetadata, method string, err error) {
		a.outcome(m.User(), method, err)
		if config.AuthLogCallback != nil {
			config.AuthLogCallback(m, method, err)
		}
	}
	return &c
}

// callbacks returns watched versions of those that are set.
func (a *authWatch) callbacks(cb ssh.ServerAuthCallbacks) ssh.ServerAuthCallbacks {
	if f := cb.PasswordCallback; f != nil {
		cb.PasswordCallback = func(m ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			a.tried = true
			a.password = event.PasswordAttempt{Username: m.User(), PasswordHidden: !a.passwords}
			if a.passwords {
				a.password.Password = password
			}
			if a.emit(&event.AuthPassword{PasswordAttempt: a.password}); a.err != nil {
				return nil, a.err
			}
			p, err := f(m, password)
			return p, a.partial(err)
		}
	}
	if f := cb.PublicKeyCallback; f != nil {
		cb.PublicKeyCallback = func(m ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			a.key = pubkeyAttempt(m.User(), key)
			if a.emit(&event.AuthPubkey{PubkeyAttempt: a.key}); a.err != nil {
				return nil, a.err
			}
			p, err := f(m, key)
			a.keyErr = a.partial(err)
			a.offered = err == nil
			return p, a.keyErr
		}
	}
	if f := cb.KeyboardInteractiveCallback; f != nil {
		cb.KeyboardInteractiveCallback = func(m ssh.ConnMetadata, challenge ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			p, err := f(m, a.challenge(m.User(), challenge))
			return p, a.partial(err)
		}
	}
	return cb
}

// partial watches the callbacks of the further steps that a partial success names.
func (a *authWatch) partial(err error) error {
	if p, ok := err.(*ssh.PartialSuccessError); ok { // x/crypto looks at this very type
		return &ssh.PartialSuccessError{Next: a.callbacks(p.Next)}
	}
	return err
}

// challenge records one round of questions before they are asked, and of answers
// before they are looked at.
func (a *authWatch) challenge(user string, ask ssh.KeyboardInteractiveChallenge) ssh.KeyboardInteractiveChallenge {
	return func(name, instruction string, questions []string, echos []bool) ([]string, error) {
		round := &event.AuthKeyboardInteractiveChallenge{Username: user, Instruction: strings.TrimSpace(name + "\n" + instruction)}
		for i, q := range questions {
			round.Questions = append(round.Questions, event.Question{Question: q, Echo: i < len(echos) && echos[i]})
		}
		if a.emit(round); a.err != nil {
			return nil, a.err
		}
		answers, err := ask(name, instruction, questions, echos)
		if err != nil {
			return nil, err
		}
		given := &event.AuthKeyboardInteractiveAnswer{Username: user, AnswersHidden: !a.passwords}
		for i := range answers {
			if a.passwords {
				given.Answers = append(given.Answers, event.Answer{Question: questions[i], Answer: answers[i]})
			}
		}
		a.emit(given)
		return answers, a.err
	}
}

// outcome records how an attempt ended: the library's final word, after the signature
// was verified.
func (a *authWatch) outcome(user, method string, err error) {
	defer func() { a.tried, a.offered = false, false }()
	var partial *ssh.PartialSuccessError
	if errors.As(err, &partial) {
		a.emit(&event.AuthPartial{Username: user, Method: method, Next: methods(partial.Next)})
		return
	}
	switch method {
	case "none":
		a.emit(&event.AuthNone{Username: user, Accepted: err == nil})
	case "password":
		a.passwordOutcome(user, err)
	case "publickey":
		a.pubkeyOutcome(user, err)
	case "keyboard-interactive":
		a.interactiveOutcome(user, err)
	default:
		a.emit(&event.AuthMethod{Username: user, Method: method, Accepted: err == nil, Reason: reason(err)})
	}
}

func (a *authWatch) passwordOutcome(user string, err error) {
	p := a.password
	if !a.tried { // passwords are not configured: the library did not even read it
		p = event.PasswordAttempt{Username: user, PasswordHidden: true}
		a.emit(&event.AuthPassword{PasswordAttempt: p})
	}
	a.password = event.PasswordAttempt{}
	var backend *BackendError
	switch {
	case err == nil:
		a.emit(&event.AuthPasswordSuccessful{PasswordAttempt: p})
	case errors.As(err, &backend):
		a.emit(&event.AuthPasswordBackendError{Username: p.Username, Password: p.Password, Reason: reason(err), PasswordHidden: p.PasswordHidden})
	default:
		p.Reason = reason(err)
		a.emit(&event.AuthPasswordFailed{PasswordAttempt: p})
	}
}

func (a *authWatch) pubkeyOutcome(user string, err error) {
	k := a.key
	if err != nil && err != a.keyErr {
		// Refused before the callback was asked, so nothing says which key it was:
		// the library could not read it or does not speak its algorithm.
		k = event.PubkeyAttempt{Username: user}
	}
	var backend *BackendError
	switch {
	case err == nil:
		a.emit(&event.AuthPubkeySuccessful{PubkeyAttempt: k})
	case errors.As(err, &backend):
		a.emit(&event.AuthPubkeyBackendError{Username: k.Username, Key: k.Key, Reason: reason(err), Fingerprint: k.Fingerprint, Certificate: k.Certificate})
	default:
		k.Reason = reason(err)
		a.emit(&event.AuthPubkeyFailed{PubkeyAttempt: k})
	}
}

func (a *authWatch) interactiveOutcome(user string, err error) {
	var backend *BackendError
	switch {
	case err == nil:
		a.emit(&event.AuthMethod{Username: user, Method: "keyboard-interactive", Accepted: true})
	case errors.As(err, &backend):
		a.emit(&event.AuthKeyboardInteractiveBackendError{Username: user, Reason: reason(err)})
	default:
		a.emit(&event.AuthKeyboardInteractiveFailed{Username: user, Reason: reason(err)})
	}
}

func pubkeyAttempt(user string, key ssh.PublicKey) event.PubkeyAttempt {
	k := event.PubkeyAttempt{Username: user}
	if cert, ok := key.(*ssh.Certificate); ok {
		k.Certificate, key = cert.Marshal(), cert.Key
	}
	k.Key = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
	k.Fingerprint = ssh.FingerprintSHA256(key)
	return k
}

func methods(cb ssh.ServerAuthCallbacks) []string {
	var m []string
	if cb.PasswordCallback != nil {
		m = append(m, "password")
	}
	if cb.PublicKeyCallback != nil {
		m = append(m, "publickey")
	}
	if cb.KeyboardInteractiveCallback != nil {
		m = append(m, "keyboard-interactive")
	}
	if cb.GSSAPIWithMICConfig != nil {
		m = append(m, "gssapi-with-mic")
	}
	return m
}

// unverified records that a key was refused whose signature was wrong: the library
// tells of that by its error alone.
func (a *authWatch) unverified(cause error) {
	var network net.Error
	if !a.offered || errors.Is(cause, io.EOF) || errors.As(cause, &network) {
		return
	}
	a.key.Reason = reason(cause)
	a.emit(&event.AuthPubkeyFailed{PubkeyAttempt: a.key})
}

// maxReason bounds what an error may say: those of the library quote the peer's lists.
const maxReason = 1 << 10

func reason(err error) string {
	if err == nil {
		return ""
	}
	return strings.Clone(cutText(err.Error(), maxReason))
}

func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
