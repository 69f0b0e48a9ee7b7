package event

// NewChannel asks for a channel (RFC 4254 §5.1) of a type that has no event of its own.
type NewChannel struct {
	ChannelType string `key:"channelType"`
	Payload     []byte `key:"payload,ours"` // for types that are not known
	By          By     `key:"by,ours"`      // empty: the client
}

// NewChannelSuccessful says that the channel is open.
type NewChannelSuccessful struct {
	ChannelType string `key:"channelType"`
}

// NewChannelFailed says that the channel was refused, and why.
type NewChannelFailed struct {
	ChannelType string `key:"channelType"`
	Reason      string `key:"reason"`
}

// NewChannelDirectTCPIP asks to be connected to a host (RFC 4254 §7.2).
type NewChannelDirectTCPIP struct {
	HostToConnect  string `key:"HostToConnect"`
	PortToConnect  uint32 `key:"PortToConnect"`
	OriginatorHost string `key:"OriginatorHost"`
	OriginatorPort uint32 `key:"OriginatorPort"`
}

// NewChannelForwardedTCPIP brings a connection to a listener of the client's (RFC 4254 §7.2).
type NewChannelForwardedTCPIP struct {
	ConnectedHost  string `key:"ConnectedHost"`
	ConnectedPort  uint32 `key:"ConnectedPort"`
	OriginatorHost string `key:"OriginatorHost"`
	OriginatorPort uint32 `key:"OriginatorPort"`
}

// NewChannelX11 brings an X11 connection to the client (RFC 4254 §6.3.2).
type NewChannelX11 struct {
	OriginatorHost string `key:"OriginatorHost"`
	OriginatorPort uint32 `key:"OriginatorPort"`
}

// NewChannelDirectStreamLocal asks to be connected to a Unix socket (OpenSSH PROTOCOL §2.4).
type NewChannelDirectStreamLocal struct {
	Path string `key:"Path"`
}

// NewChannelForwardedStreamLocal brings a connection to a Unix socket of the client's.
type NewChannelForwardedStreamLocal struct {
	Path string `key:"Path"`
}

// ChannelRequestUnknown is a channel request (RFC 4254 §5.4) that has no event of its own.
type ChannelRequestUnknown struct {
	RequestID   uint64 `key:"requestId"`
	RequestType string `key:"requestType"`
	Payload     []byte `key:"payload"`
	By          By     `key:"by,ours"` // empty: the client
}

// ChannelRequestDecodeFailed is a channel request whose payload is malformed.
type ChannelRequestDecodeFailed struct {
	RequestID   uint64 `key:"requestId"`
	RequestType string `key:"requestType"`
	Payload     []byte `key:"payload"`
	Reason      string `key:"reason"`
	By          By     `key:"by,ours"` // empty: the client
}

// SetEnv is a request "env" (RFC 4254 §6.4).
type SetEnv struct {
	RequestID uint64 `key:"requestId"`
	Name      string `key:"name"`
	Value     string `key:"value"`
}

// Exec is a request "exec" (RFC 4254 §6.5).
type Exec struct {
	RequestID uint64 `key:"requestId"`
	Program   string `key:"program"`
}

// Pty is a request "pty-req" (RFC 4254 §6.2). Width and Height are pixels.
type Pty struct {
	RequestID uint64 `key:"requestId"`
	Term      string `key:"term"`
	Columns   uint32 `key:"columns"`
	Rows      uint32 `key:"rows"`
	Width     uint32 `key:"width"`
	Height    uint32 `key:"height"`
	ModeList  []byte `key:"modelist"` // encoded terminal modes (RFC 4254 §8)
}

// Shell is a request "shell" (RFC 4254 §6.5).
type Shell struct {
	RequestID uint64 `key:"requestId"`
}

// Signal is a request "signal" (RFC 4254 §6.9); the name has no "SIG" in front.
type Signal struct {
	RequestID uint64 `key:"requestId"`
	Signal    string `key:"signal"`
}

// Subsystem is a request "subsystem" (RFC 4254 §6.5).
type Subsystem struct {
	RequestID uint64 `key:"requestId"`
	Subsystem string `key:"subsystem"`
}

// Window is a request "window-change" (RFC 4254 §6.7). Width and Height are pixels.
type Window struct {
	RequestID uint64 `key:"requestId"`
	Columns   uint32 `key:"columns"`
	Rows      uint32 `key:"rows"`
	Width     uint32 `key:"width"`
	Height    uint32 `key:"height"`
}

// X11 is a request "x11-req" (RFC 4254 §6.3.1). Cookie is empty and CookieHidden
// true unless recording passwords was asked for.
type X11 struct {
	RequestID        uint64 `key:"requestId"`
	SingleConnection bool   `key:"singleConnection"`
	AuthProtocol     string `key:"authProtocol"`
	Cookie           string `key:"cookie"`
	Screen           uint32 `key:"screen"`
	CookieHidden     bool   `key:"cookieHidden,ours"`
}

// CloseWrite says that one side will send no more data (RFC 4254 §5.3).
type CloseWrite struct {
	By By `key:"by,ours"`
}

// Close says that the channel is closed. Received counts the bytes that came from
// the client, Sent those that its connection accepted (both output streams).
type Close struct {
	By       By     `key:"by,ours"`
	Received uint64 `key:"received,ours,always"`
	Sent     uint64 `key:"sent,ours,always"`
}

// ExitSignal is a request "exit-signal" (RFC 4254 §6.10).
type ExitSignal struct {
	Signal       string `key:"signal"`
	CoreDumped   bool   `key:"coreDumped"`
	ErrorMessage string `key:"errorMessage"`
	LanguageTag  string `key:"languageTag"`
}

// Exit is a request "exit-status" (RFC 4254 §6.10).
type Exit struct {
	ExitStatus uint32 `key:"exitStatus"`
}

// Stream is one of the byte streams of a channel.
type Stream uint8

// The streams of a session channel. A forwarded channel's bytes from the client are
// Stdin, those to it Stdout.
const (
	Stdin Stream = iota
	Stdout
	Stderr
)

// IO is data on a channel.
type IO struct {
	Stream Stream `key:"stream"`
	Data   []byte `key:"data"`
	// Skipped, in an IO without Data that is handed to a recorder, is how many bytes
	// passed unseen because their interception is off. Such an IO is counted and is
	// never in a log.
	Skipped uint64 `key:"-"`
}

// RequestFailed says that a request was refused, and why if that is known.
type RequestFailed struct {
	RequestID uint64 `key:"requestId"`
	Reason    string `key:"reason"`
}

func (*NewChannel) Type() Type                     { return 300 }
func (*NewChannelSuccessful) Type() Type           { return 301 }
func (*NewChannelFailed) Type() Type               { return 302 }
func (*NewChannelDirectTCPIP) Type() Type          { return 303 }
func (*NewChannelForwardedTCPIP) Type() Type       { return 304 }
func (*NewChannelX11) Type() Type                  { return 305 }
func (*NewChannelDirectStreamLocal) Type() Type    { return 306 }
func (*NewChannelForwardedStreamLocal) Type() Type { return 307 }
func (*ChannelRequestUnknown) Type() Type          { return 400 }
func (*ChannelRequestDecodeFailed) Type() Type     { return 401 }
func (*SetEnv) Type() Type                         { return 402 }
func (*Exec) Type() Type                           { return 403 }
func (*Pty) Type() Type                            { return 404 }
func (*Shell) Type() Type                          { return 405 }
func (*Signal) Type() Type                         { return 406 }
func (*Subsystem) Type() Type                      { return 407 }
func (*Window) Type() Type                         { return 408 }
func (*X11) Type() Type                            { return 409 }
func (*CloseWrite) Type() Type                     { return 496 }
func (*Close) Type() Type                          { return 497 }
func (*ExitSignal) Type() Type                     { return 498 }
func (*Exit) Type() Type                           { return 499 }
func (*IO) Type() Type                             { return 500 }
func (*RequestFailed) Type() Type                  { return 501 }
