package metrics

// Refusal is why a connection ended without a login.
type Refusal string

// The reasons there are.
const (
	MaxConnections Refusal = "max_connections"      // ssh.maxConnections
	MaxStartups    Refusal = "max_startups"         // ssh.maxStartups
	PerSource      Refusal = "per_source"           // ssh.maxStartupsPerSource
	LoginTimeout   Refusal = "login_timeout"        // ssh.loginGraceTime
	Descriptors    Refusal = "descriptors"          // the process has too few file descriptors
	NotSSH         Refusal = "not_ssh"              // it began with something else
	TooMuch        Refusal = "too_much"             // it sent more than a login takes
	Denied         Refusal = "denied"               // it failed to authenticate
	Protocol       Refusal = "protocol"             // it broke the protocol, or spoke no algorithm of ours
	ClientLeft     Refusal = "client_left"          // it went without an attempt that was refused
	NotRecordable  Refusal = "recording_impossible" // it could not have been recorded
	Stopping       Refusal = "stopping"             // the gateway stops
	Internal       Refusal = "internal_error"       // a fault of the gateway's
)

// Cause is what the reason is called where messages that repeat are held back.
func (r Refusal) Cause() string { return string(r) }

// Refusals returns all reasons.
func Refusals() []Refusal {
	return []Refusal{
		MaxConnections, MaxStartups, PerSource, LoginTimeout, Descriptors, NotSSH, TooMuch,
		Denied, Protocol, ClientLeft, NotRecordable, Stopping, Internal,
	}
}

// Method is how somebody logged in (RFC 4252).
type Method string

// The methods there are.
const (
	PublicKey           Method = "publickey"
	Password            Method = "password"
	KeyboardInteractive Method = "keyboard-interactive"
	OtherMethod         Method = "other"
)

// Methods returns all methods.
func Methods() []Method {
	return []Method{PublicKey, Password, KeyboardInteractive, OtherMethod}
}

// MethodOf returns the method with SSH's name for it.
func MethodOf(name string) Method {
	switch m := Method(name); m {
	case PublicKey, Password, KeyboardInteractive:
		return m
	}
	return OtherMethod
}
