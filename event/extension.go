package event

// The carriers of extensions: what ContainerSSH's format has no type for is written
// as SSH itself would, as a request named NAME@sshtrail with its facts under "data".
const (
	onConnection Type = 200
	onChannel    Type = 400
)

// Summary is the last event of a whole log: what is asked of a log most often, where
// two reads at its end find it. In a log of several connections Username, RemoteAddr,
// Auth and Target are nil.
type Summary struct {
	Version         uint64           `key:"version"` // 1
	Username        *string          `key:"username"`
	RemoteAddr      *string          `key:"remoteAddr"`
	Auth            *string          `key:"auth"`   // methods that succeeded, joined by ","
	Target          *string          `key:"target"` // what the client was joined to
	Start           int64            `key:"start"`  // of the first event
	End             int64            `key:"end"`    // of the last before this one
	Bytes           StreamBytes      `key:"bytes"`  // recorded
	Skipped         StreamBytes      `key:"skipped"`
	Forwarded       ForwardedBytes   `key:"forwarded"`
	Channels        []ChannelSummary `key:"channels"` // in order of opening, at most 256
	ChannelsOmitted uint64           `key:"channelsOmitted"`
	Kinds           [9]uint64        `key:"kinds"` // events of each Kind, this one not counted
	Gaps            uint64           `key:"gaps"`
	Index           [][2]int64       `key:"index"` // [offset, from] of data blocks 0, step, 2·step …
}

// StreamBytes counts bytes by stream.
type StreamBytes struct {
	Stdin  uint64 `key:"stdin"`
	Stdout uint64 `key:"stdout"`
	Stderr uint64 `key:"stderr"`
}

// ForwardedBytes counts bytes on forwarded channels, seen from the gateway.
type ForwardedBytes struct {
	Received uint64 `key:"received"`
	Sent     uint64 `key:"sent"`
}

// ChannelSummary is what a summary tells about one channel; nil where there was none.
type ChannelSummary struct {
	ChannelID   uint64  `key:"channelId"`
	ChannelType string  `key:"channelType"`
	Program     *string `key:"program"` // at most 1,024 bytes
	Subsystem   *string `key:"subsystem"`
	ExitStatus  *uint32 `key:"exitStatus"`
	ExitSignal  *string `key:"exitSignal"`
}

// Gap is what passed unrecorded because the failure policy said to go on. A nil count
// is not known.
type Gap struct {
	Messages *uint64 `key:"messages"`
	Bytes    *uint64 `key:"bytes"`
	Since    int64   `key:"since"` // ns since 1970
	Reason   string  `key:"reason"`
}

// AuthNone is an attempt with the method "none" (RFC 4252 §5.2), and its outcome.
type AuthNone struct {
	Username string `key:"username"`
	Accepted bool   `key:"accepted,ours,always"`
}

// AuthPartial says that a method succeeded and that more are asked for.
type AuthPartial struct {
	Username string   `key:"username"`
	Method   string   `key:"method"`
	Next     []string `key:"next"`
}

// AuthMethod is the outcome of an attempt with a method that has no event of its own,
// and the success of keyboard-interactive, which ContainerSSH's format lacks.
type AuthMethod struct {
	Username string `key:"username"`
	Method   string `key:"method"`
	Accepted bool   `key:"accepted"`
	Reason   string `key:"reason"`
}

// RequestAccepted is the reply "success" to a channel request; [RequestFailed] is the other.
type RequestAccepted struct {
	RequestID uint64 `key:"requestId"`
}

// ForcedCommand is the program that ran in place of the one that was asked for.
type ForcedCommand struct {
	RequestID uint64 `key:"requestId"`
	Program   string `key:"program"`
}

// GlobalReply is the reply to a global request that wanted one.
type GlobalReply struct {
	RequestType string `key:"requestType"`
	Accepted    bool   `key:"accepted"`
	Reason      string `key:"reason"`
	Payload     []byte `key:"payload,ours"` // specific to the request (RFC 4254 §4)
	By          By     `key:"by,ours"`      // who replied
}

// GatewayStart begins each log of the gateway's own.
type GatewayStart struct {
	Version   string `key:"version"`
	Config    string `key:"config,sha256"`  // of the configuration, lower-case hex
	Continues string `key:"continues,ours"` // the log that was full, if this one goes on from it
}

// GatewayStop ends the gateway's own log.
type GatewayStop struct {
	Reason string `key:"reason"`
}

// Refused is a connection that was turned away before the SSH handshake.
type Refused struct {
	Reason string `key:"reason"`
}

// NoTarget says why a client could not be joined to its target.
type NoTarget struct {
	Reason string `key:"reason"`
}

// Recovered says that a log was finished after a crash.
type Recovered struct {
	Log   string `key:"log"`
	Saved uint64 `key:"saved"` // messages
}

// Extension is an extension that this version has no struct for.
type Extension struct {
	Name    string
	Carrier Type // 200 or 400
	Data    Map
}

// Unknown is a message of another writer whose type is in no table.
type Unknown struct {
	Number  Type
	Payload Map
}

func (*Summary) Type() Type         { return onConnection }
func (*Gap) Type() Type             { return onConnection }
func (*AuthNone) Type() Type        { return onConnection }
func (*AuthPartial) Type() Type     { return onConnection }
func (*AuthMethod) Type() Type      { return onConnection }
func (*RequestAccepted) Type() Type { return onChannel }
func (*ForcedCommand) Type() Type   { return onChannel }
func (*GlobalReply) Type() Type     { return onConnection }
func (*GatewayStart) Type() Type    { return onConnection }
func (*GatewayStop) Type() Type     { return onConnection }
func (*Refused) Type() Type         { return onConnection }
func (*NoTarget) Type() Type        { return onConnection }
func (*Recovered) Type() Type       { return onConnection }
func (e *Extension) Type() Type     { return e.Carrier }
func (u *Unknown) Type() Type       { return u.Number }
