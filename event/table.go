package event

import (
	"reflect"
	"strings"
)

// Kind classes types for search: each event has exactly one. The value is the number
// of its bit in a block's header.
type Kind uint8

// The kinds.
const (
	KindStdin Kind = iota
	KindStdout
	KindStderr
	KindResize
	KindAuth
	KindRequest
	KindForward
	KindOther
	KindFile
	NumKinds
)

// Row is what the table knows about one kind of event.
type Row struct {
	Type      Type   // its own, or its carrier's if Extension is set
	Extension string // the NAME of an extension's NAME@sshtrail, else empty
	ID        string // typeId of the JSON; empty for extensions, which show their carrier's
	Name      string // typeName of the JSON; empty for extensions
	Kind      Kind   // for IO, stdin: [KindOf] looks at the stream
	Fields    []Field
	goType    reflect.Type
}

// New returns an empty body of the row's Go type.
func (r *Row) New() Body { return reflect.New(r.goType).Interface().(Body) }

// Field is one field of a body, by its struct tag.
type Field struct {
	Key    string
	Ours   bool   // a key that ContainerSSH's format does not have
	Always bool   // one of ours that is written even if it is zero
	Rule   string // what its text must be: "ip", "sha256", or "" for any
	Index  []int  // for reflect.Value.FieldByIndex
	Type   reflect.Type
}

// rows is the table, in the order of the numbers, extensions after.
var rows = []Row{
	row(0, "connect", "Connect", KindOther, Connect{}),
	row(1, "disconnect", "Disconnect", KindOther, Disconnect{}),
	row(100, "auth_password", "Password authentication", KindAuth, AuthPassword{}),
	row(101, "auth_password_successful", "Password authentication successful", KindAuth, AuthPasswordSuccessful{}),
	row(102, "auth_password_failed", "Password authentication failed", KindAuth, AuthPasswordFailed{}),
	row(103, "auth_password_backend_error", "Password authentication backend error", KindAuth, AuthPasswordBackendError{}),
	row(104, "auth_pubkey", "Public key authentication", KindAuth, AuthPubkey{}),
	row(105, "auth_pubkey_successful", "Public key authentication successful", KindAuth, AuthPubkeySuccessful{}),
	row(106, "auth_pubkey_failed", "Public key authentication failed", KindAuth, AuthPubkeyFailed{}),
	row(107, "auth_pubkey_backend_error", "Public key authentication backend error", KindAuth, AuthPubkeyBackendError{}),
	row(108, "auth_keyboard_interactive_challenge", "Keyboard-interactive authentication challenge", KindAuth, AuthKeyboardInteractiveChallenge{}),
	row(109, "auth_keyboard_interactive_answer", "Keyboard-interactive authentication answer", KindAuth, AuthKeyboardInteractiveAnswer{}),
	row(110, "auth_keyboard_interactive_failed", "Keyboard-interactive authentication failed", KindAuth, AuthKeyboardInteractiveFailed{}),
	row(111, "auth_keyboard_interactive_backend_error", "Keyboard-interactive authentication backend error", KindAuth, AuthKeyboardInteractiveBackendError{}),
	row(198, "handshake_failed", "Handshake failed", KindAuth, HandshakeFailed{}),
	row(199, "handshake_successful", "Handshake successful", KindAuth, HandshakeSuccessful{}),
	row(200, "global_request_unknown", "Unknown global request", KindRequest, GlobalRequestUnknown{}),
	row(201, "global_request_decode_failed", "Failed to decode global request", KindRequest, GlobalRequestDecodeFailed{}),
	row(202, "forward_tcpip", "Request reverse port forwarding", KindForward, ForwardTCPIP{}),
	row(203, "cancel_forward_tcpip", "Request to stop reverse port forwarding", KindForward, CancelForwardTCPIP{}),
	row(204, "forward_streamlocal", "Request reverse socket forwarding", KindForward, ForwardStreamLocal{}),
	row(205, "cancel_forward_streamlocal", "Request to stop reverse socket forwarding", KindForward, CancelForwardStreamLocal{}),
	row(300, "new_channel", "New channel request", KindOther, NewChannel{}),
	row(301, "new_channel_successful", "New channel successful", KindOther, NewChannelSuccessful{}),
	row(302, "new_channel_failed", "New channel failed", KindOther, NewChannelFailed{}),
	row(303, "new_channel_direct_tcpip", "New client-to-server port forwarding channel", KindForward, NewChannelDirectTCPIP{}),
	row(304, "new_channel_forwarded_tcpip", "New server-to-client port forwarding channel", KindForward, NewChannelForwardedTCPIP{}),
	row(305, "new_channel_x11", "New server-to-client X11 forwarding channel", KindForward, NewChannelX11{}),
	row(306, "new_channel_direct_streamlocal", "New client-to-server unix socket forwarding channel", KindForward, NewChannelDirectStreamLocal{}),
	row(307, "new_channel_forwarded_streamlocal", "New server-to-client unix socket forwarding channel", KindForward, NewChannelForwardedStreamLocal{}),
	row(400, "channel_request_unknown", "Unknown channel request", KindRequest, ChannelRequestUnknown{}),
	row(401, "channel_request_decode_failed", "Failed to decode channel request", KindRequest, ChannelRequestDecodeFailed{}),
	row(402, "setenv", "Set environment variable", KindRequest, SetEnv{}),
	row(403, "exec", "Execute program", KindRequest, Exec{}),
	row(404, "pty", "Request interactive terminal", KindRequest, Pty{}),
	row(405, "shell", "Run shell", KindRequest, Shell{}),
	row(406, "signal", "Send signal to running process", KindRequest, Signal{}),
	row(407, "subsystem", "Request subsystem", KindRequest, Subsystem{}),
	row(408, "window", "Change window size", KindResize, Window{}),
	row(409, "x11-req", "Request X11 forwarding", KindRequest, X11{}),
	row(496, "close_write", "Close channel for writing", KindOther, CloseWrite{}),
	row(497, "close", "Close channel", KindOther, Close{}),
	row(498, "exit_signal", "Program exited with signal", KindOther, ExitSignal{}),
	row(499, "exit", "Program exited", KindOther, Exit{}),
	row(500, "io", "I/O", KindStdin, IO{}),
	row(501, "request_failed", "Request failed", KindRequest, RequestFailed{}),
	extension(onConnection, "summary", Summary{}),
	extension(onConnection, "gap", Gap{}),
	extension(onConnection, "auth-none", AuthNone{}),
	extension(onConnection, "auth-partial", AuthPartial{}),
	extension(onConnection, "auth-method", AuthMethod{}),
	extension(onChannel, "request-accepted", RequestAccepted{}),
	extension(onChannel, "forced-command", ForcedCommand{}),
	extension(onConnection, "global-reply", GlobalReply{}),
	extension(onConnection, "gateway-start", GatewayStart{}),
	extension(onConnection, "gateway-stop", GatewayStop{}),
	extension(onConnection, "refused", Refused{}),
	extension(onConnection, "no-target", NoTarget{}),
	extension(onConnection, "recovered", Recovered{}),
}

var byType, byExtension, byGoType = index()

func index() (map[Type]*Row, map[string]*Row, map[reflect.Type]*Row) {
	t, e, g := map[Type]*Row{}, map[string]*Row{}, map[reflect.Type]*Row{}
	for i := range rows {
		r := &rows[i]
		g[r.goType] = r
		if r.Extension != "" {
			e[r.Extension] = r
		} else {
			t[r.Type] = r
		}
	}
	return t, e, g
}

// Table returns every kind of event. The caller must not change it.
func Table() []Row { return rows }

// ByType returns the row of a type, nil if there is none. Carriers of extensions are
// found as the ordinary requests that they also are.
func ByType(t Type) *Row { return byType[t] }

// ByExtension returns the row of an extension by its NAME, nil if there is none.
func ByExtension(name string) *Row { return byExtension[name] }

// RowOf returns the row of a body, nil for [Extension] and [Unknown].
func RowOf(b Body) *Row { return byGoType[reflect.TypeOf(b).Elem()] }

// KindOf returns the kind of an event.
func KindOf(b Body) Kind {
	switch b := b.(type) {
	case *IO:
		return KindStdin + Kind(b.Stream)
	case *Extension:
		return ExtensionKind(b.Name)
	case *Unknown:
		return KindOther
	}
	return RowOf(b).Kind
}

// ExtensionKind returns the kind of an extension, known or not, by its NAME.
func ExtensionKind(name string) Kind {
	if strings.HasPrefix(name, "file-") {
		return KindFile
	}
	return KindOther
}

// FieldsOf returns the tagged fields of a struct, those of embedded structs in their
// place, ours last: the order of a payload's keys.
func FieldsOf(t reflect.Type) []Field {
	var known, ours []Field
	for _, f := range reflect.VisibleFields(t) {
		key, options, _ := strings.Cut(f.Tag.Get("key"), ",")
		if f.Anonymous || key == "-" {
			continue
		}
		field := Field{Key: key, Index: f.Index, Type: f.Type}
		for o := range strings.SplitSeq(options, ",") {
			field.Ours = field.Ours || o == "ours"
			field.Always = field.Always || o == "always"
			if o == "ip" || o == "sha256" {
				field.Rule = o
			}
		}
		if field.Ours {
			ours = append(ours, field)
		} else {
			known = append(known, field)
		}
	}
	return append(known, ours...)
}

func row(t Type, id, name string, k Kind, body any) Row {
	goType := reflect.TypeOf(body)
	return Row{Type: t, ID: id, Name: name, Kind: k, Fields: FieldsOf(goType), goType: goType}
}

func extension(carrier Type, name string, body any) Row {
	r := row(carrier, "", "", ExtensionKind(name), body)
	r.Extension = name
	return r
}
