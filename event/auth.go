package event

// AuthPassword is an attempt with a password (RFC 4252 §8). Password is empty and
// PasswordHidden true unless recording passwords was asked for.
type AuthPassword struct {
	PasswordAttempt
}

// AuthPasswordSuccessful says that the password was accepted.
type AuthPasswordSuccessful struct {
	PasswordAttempt
}

// AuthPasswordFailed says that the password was refused.
type AuthPasswordFailed struct {
	PasswordAttempt
}

// AuthPasswordBackendError says that nobody could tell whether the password is good.
type AuthPasswordBackendError struct {
	Username       string `key:"username"`
	Password       []byte `key:"password"`
	Reason         string `key:"reason"`
	PasswordHidden bool   `key:"passwordHidden,ours"`
}

// PasswordAttempt is what the events about a password share. Reason says why it was
// refused, for the operator; the client is not told.
type PasswordAttempt struct {
	Username       string `key:"username"`
	Password       []byte `key:"password"`
	PasswordHidden bool   `key:"passwordHidden,ours"`
	Reason         string `key:"reason,ours"`
}

// AuthPubkey says that the client offered a public key (RFC 4252 §7). It has not
// shown yet that it holds the private one.
type AuthPubkey struct {
	PubkeyAttempt
}

// AuthPubkeySuccessful says that the key is allowed and that its signature was verified.
type AuthPubkeySuccessful struct {
	PubkeyAttempt
}

// AuthPubkeyFailed says that the key was refused.
type AuthPubkeyFailed struct {
	PubkeyAttempt
}

// AuthPubkeyBackendError says that nobody could tell whether the key is allowed.
type AuthPubkeyBackendError struct {
	Username    string `key:"username"`
	Key         string `key:"key"`
	Reason      string `key:"reason"`
	Fingerprint string `key:"fingerprint,ours"`
	Certificate []byte `key:"certificate,ours"`
}

// PubkeyAttempt is what the events about a public key share. Key is a line as in
// authorized_keys, without a comment; for a certificate it is the certified key, and
// Certificate is the certificate as sent. Reason says why it was refused, for the
// operator; the client is not told.
type PubkeyAttempt struct {
	Username    string `key:"username"`
	Key         string `key:"key"`
	Fingerprint string `key:"fingerprint,ours"` // SHA256:…, of Key
	Certificate []byte `key:"certificate,ours"`
	Reason      string `key:"reason,ours"`
}

// AuthKeyboardInteractiveChallenge is one round of questions (RFC 4256 §3.2).
type AuthKeyboardInteractiveChallenge struct {
	Username    string     `key:"username"`
	Instruction string     `key:"instruction"`
	Questions   []Question `key:"questions"`
}

// Question is one prompt, and whether what is typed may be shown.
type Question struct {
	Question string `key:"question"`
	Echo     bool   `key:"echo"`
}

// AuthKeyboardInteractiveAnswer is what was answered. Answers is empty and
// AnswersHidden true unless recording passwords was asked for.
type AuthKeyboardInteractiveAnswer struct {
	Username      string   `key:"username"`
	Answers       []Answer `key:"answers"`
	AnswersHidden bool     `key:"answersHidden,ours"`
}

// Answer is one answer with its question.
type Answer struct {
	Question string `key:"question"`
	Answer   string `key:"answer"`
}

// AuthKeyboardInteractiveFailed says that the answers were refused.
type AuthKeyboardInteractiveFailed struct {
	Username string `key:"Username"`
	Reason   string `key:"reason,ours"`
}

// AuthKeyboardInteractiveBackendError says that nobody could tell whether the answers are good.
type AuthKeyboardInteractiveBackendError struct {
	Username string `key:"username"`
	Reason   string `key:"reason"`
}

func (*AuthPassword) Type() Type                        { return 100 }
func (*AuthPasswordSuccessful) Type() Type              { return 101 }
func (*AuthPasswordFailed) Type() Type                  { return 102 }
func (*AuthPasswordBackendError) Type() Type            { return 103 }
func (*AuthPubkey) Type() Type                          { return 104 }
func (*AuthPubkeySuccessful) Type() Type                { return 105 }
func (*AuthPubkeyFailed) Type() Type                    { return 106 }
func (*AuthPubkeyBackendError) Type() Type              { return 107 }
func (*AuthKeyboardInteractiveChallenge) Type() Type    { return 108 }
func (*AuthKeyboardInteractiveAnswer) Type() Type       { return 109 }
func (*AuthKeyboardInteractiveFailed) Type() Type       { return 110 }
func (*AuthKeyboardInteractiveBackendError) Type() Type { return 111 }
