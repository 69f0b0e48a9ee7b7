package wiretest

import (
	"encoding/binary"
	"fmt"
)

// Numbers of messages (RFC 4250 §4.1.2).
const (
	Disconnect              = 1
	Ignore                  = 2
	ServiceRequest          = 5
	ServiceAccept           = 6
	KexInit                 = 20
	NewKeys                 = 21
	KexECDHInit             = 30
	KexECDHReply            = 31
	UserauthRequest         = 50
	UserauthFailure         = 51
	UserauthSuccess         = 52
	GlobalRequest           = 80
	RequestSuccess          = 81
	RequestFailure          = 82
	ChannelOpen             = 90
	ChannelOpenConfirmation = 91
	ChannelOpenFailure      = 92
	ChannelWindowAdjust     = 93
	ChannelData             = 94
	ChannelExtendedData     = 95
	ChannelEOF              = 96
	ChannelClose            = 97
	ChannelRequest          = 98
	ChannelSuccess          = 99
	ChannelFailure          = 100
)

// What an honest client offers for a channel.
const (
	Window    = 1 << 20
	MaxPacket = 32 << 10
)

// Raw is bytes in a message as they are, without a length before them.
type Raw []byte

// Message is a message with fields in the order of the wire (RFC 4251 §5): bool, byte,
// uint32, string, []byte (a string too) and Raw.
func Message(number byte, fields ...any) []byte {
	b := []byte{number}
	for _, f := range fields {
		switch f := f.(type) {
		case bool:
			if f {
				b = append(b, 1)
			} else {
				b = append(b, 0)
			}
		case byte:
			b = append(b, f)
		case uint32:
			b = binary.BigEndian.AppendUint32(b, f)
		case string:
			b = appendString(b, []byte(f))
		case []byte:
			b = appendString(b, f)
		case Raw:
			b = append(b, f...)
		default:
			panic(fmt.Sprintf("wiretest: a field of type %T", f))
		}
	}
	return b
}

func appendString(b, s []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

// appendMPInt appends a number that is not negative (RFC 4251 §5).
func appendMPInt(b, n []byte) []byte {
	for len(n) > 0 && n[0] == 0 {
		n = n[1:]
	}
	if len(n) > 0 && n[0] >= 0x80 {
		n = append([]byte{0}, n...)
	}
	return appendString(b, n)
}

func number(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

// cutString returns the string at the beginning of b, and what follows it.
func cutString(b []byte) (s, rest []byte, ok bool) {
	if len(b) < 4 || uint64(len(b)-4) < uint64(number(b)) {
		return nil, nil, false
	}
	n := number(b)
	return b[4 : 4+n], b[4+n:], true
}
