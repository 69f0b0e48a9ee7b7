package tap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"

	"github.com/sshtrail/sshtrail/event"
)

// The rows that decode requests and channel opens: what the event is whose fields,
// but requestId and ours, are the payload in the order of the wire.
var (
	channelRequests = map[string]func() event.Body{
		"env":           func() event.Body { return new(event.SetEnv) },
		"exec":          func() event.Body { return new(event.Exec) },
		"pty-req":       func() event.Body { return new(event.Pty) },
		"shell":         func() event.Body { return new(event.Shell) },
		"signal":        func() event.Body { return new(event.Signal) },
		"subsystem":     func() event.Body { return new(event.Subsystem) },
		"window-change": func() event.Body { return new(event.Window) },
		"x11-req":       func() event.Body { return new(event.X11) },
	}
	// targetRequests are those that a server sends.
	targetRequests = map[string]func() event.Body{
		"exit-status": func() event.Body { return new(event.Exit) },
		"exit-signal": func() event.Body { return new(event.ExitSignal) },
	}
	globalRequests = map[string]func() event.Body{
		"tcpip-forward":                          func() event.Body { return new(event.ForwardTCPIP) },
		"cancel-tcpip-forward":                   func() event.Body { return new(event.CancelForwardTCPIP) },
		"streamlocal-forward@openssh.com":        func() event.Body { return new(event.ForwardStreamLocal) },
		"cancel-streamlocal-forward@openssh.com": func() event.Body { return new(event.CancelForwardStreamLocal) },
	}
	channelTypes = map[string]channelType{
		"session":                           {},
		"direct-tcpip":                      {func() event.Body { return new(event.NewChannelDirectTCPIP) }, false},
		"forwarded-tcpip":                   {func() event.Body { return new(event.NewChannelForwardedTCPIP) }, false},
		"x11":                               {func() event.Body { return new(event.NewChannelX11) }, false},
		"direct-streamlocal@openssh.com":    {func() event.Body { return new(event.NewChannelDirectStreamLocal) }, true},
		"forwarded-streamlocal@openssh.com": {func() event.Body { return new(event.NewChannelForwardedStreamLocal) }, true},
	}
)

// channelType is the event of a type of channel, nil for event.NewChannel, and whether
// reserved fields may follow those of the event on the wire.
type channelType struct {
	body     func() event.Body
	reserved bool
}

var errMalformed = errors.New("malformed payload")

// unmarshal fills body from a payload (RFC 4251 §5): the fields that ContainerSSH's
// format has, in their order, but requestId, which is id. Everything must be there and
// nothing after it, unless there are reserved fields (OpenSSH PROTOCOL §2.4).
func unmarshal(payload []byte, body event.Body, id uint64, reserved bool) error {
	v := reflect.ValueOf(body).Elem()
	rest := payload
	for _, f := range event.RowOf(body).Fields {
		field := v.FieldByIndex(f.Index)
		switch {
		case f.Ours:
			continue
		case f.Key == "requestId":
			field.SetUint(id)
			continue
		}
		var err error
		if rest, err = unmarshalField(rest, field); err != nil {
			return fmt.Errorf("%w: no whole %s in %d bytes", errMalformed, f.Key, len(payload))
		}
	}
	if !reserved && len(rest) > 0 {
		return fmt.Errorf("%w: %d bytes after the last field", errMalformed, len(rest))
	}
	return nil
}

func unmarshalField(b []byte, field reflect.Value) ([]byte, error) {
	switch field.Kind() {
	case reflect.Bool:
		if len(b) < 1 {
			return nil, errMalformed
		}
		field.SetBool(b[0] != 0)
		return b[1:], nil
	case reflect.Uint32:
		if len(b) < 4 {
			return nil, errMalformed
		}
		field.SetUint(uint64(binary.BigEndian.Uint32(b)))
		return b[4:], nil
	case reflect.String, reflect.Slice:
		if len(b) < 4 || uint64(len(b)-4) < uint64(binary.BigEndian.Uint32(b)) {
			return nil, errMalformed
		}
		n := binary.BigEndian.Uint32(b)
		if s := b[4 : 4+n]; field.Kind() == reflect.String {
			field.SetString(string(s))
		} else {
			field.SetBytes(s)
		}
		return b[4+n:], nil
	}
	panic("tap: no wire form for " + field.Type().String())
}
