package event

// By says who did it.
type By string

// The three sides of a recorded connection.
const (
	ByClient  By = "client"  // the one who connected
	ByGateway By = "gateway" // the recording server itself
	ByTarget  By = "target"  // what the client was joined to
)

// Connect is the first event of a connection: its TCP connection was accepted.
type Connect struct {
	RemoteAddr string `key:"remoteAddr,ip"` // without zone and port; empty if there is none
	Country    string `key:"country"`       // ISO 3166-1 alpha-2, "XX" if not known
	RemotePort uint32 `key:"remotePort,ours"`
	LocalAddr  string `key:"localAddr,ours"`
	LocalPort  uint32 `key:"localPort,ours"`
}

// Disconnect is the last event of a connection.
type Disconnect struct {
	By        By     `key:"by,ours"`
	Reason    string `key:"reason,ours"`
	Recovered bool   `key:"recovered,ours"` // written by recovery, not by the gateway that held the connection
}

// HandshakeFailed says that the connection ended before anybody was let in.
type HandshakeFailed struct {
	Reason string `key:"reason"`
	Handshake
}

// HandshakeSuccessful says that the client is authenticated and may open channels.
type HandshakeSuccessful struct {
	Username string `key:"username"`
	Handshake
}

// Handshake is what key exchange agreed on (RFC 4253 §7.1); empty where it did not
// come so far. In is from client to server. A MAC is empty where the cipher
// authenticates by itself.
type Handshake struct {
	ClientVersion string `key:"clientVersion,ours"`
	Kex           string `key:"kex,ours"`
	HostKey       string `key:"hostKey,ours"`
	CipherIn      string `key:"cipherIn,ours"`
	CipherOut     string `key:"cipherOut,ours"`
	MACIn         string `key:"macIn,ours"`
	MACOut        string `key:"macOut,ours"`
}

// GlobalRequestUnknown is a global request (RFC 4254 §4) that has no event of its own.
type GlobalRequestUnknown struct {
	RequestType string `key:"requestType"`
	Payload     []byte `key:"payload,ours"`
	By          By     `key:"by,ours"` // empty: the client
}

// GlobalRequestDecodeFailed is a global request whose payload is malformed.
type GlobalRequestDecodeFailed struct {
	RequestID   uint64 `key:"requestId"`
	RequestType string `key:"requestType"`
	Payload     []byte `key:"payload"`
	Reason      string `key:"reason"`
}

// ForwardTCPIP asks the server to listen (RFC 4254 §7.1).
type ForwardTCPIP struct {
	BindHost string `key:"BindHost"`
	BindPort uint32 `key:"BindPort"`
}

// CancelForwardTCPIP ends what [ForwardTCPIP] asked for.
type CancelForwardTCPIP struct {
	BindHost string `key:"BindHost"`
	BindPort uint32 `key:"BindPort"`
}

// ForwardStreamLocal asks the server to listen on a Unix socket (OpenSSH PROTOCOL §2.4).
type ForwardStreamLocal struct {
	Path string `key:"Path"`
}

// CancelForwardStreamLocal ends what [ForwardStreamLocal] asked for.
type CancelForwardStreamLocal struct {
	Path string `key:"Path"`
}

func (*Connect) Type() Type                   { return 0 }
func (*Disconnect) Type() Type                { return 1 }
func (*HandshakeFailed) Type() Type           { return 198 }
func (*HandshakeSuccessful) Type() Type       { return 199 }
func (*GlobalRequestUnknown) Type() Type      { return 200 }
func (*GlobalRequestDecodeFailed) Type() Type { return 201 }
func (*ForwardTCPIP) Type() Type              { return 202 }
func (*CancelForwardTCPIP) Type() Type        { return 203 }
func (*ForwardStreamLocal) Type() Type        { return 204 }
func (*CancelForwardStreamLocal) Type() Type  { return 205 }
