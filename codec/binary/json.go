package binary

import (
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/sshtrail/sshtrail/internal/cbor"
)

// AppendJSON appends the message as one JSON object without a line end: ContainerSSH's
// seven keys, and ours behind them. Nothing in it acts on a terminal: controls, also
// those of ISO 6429 above 7f, are escaped in every string.
func (m *Message) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"connectionId":`...)
	dst, _ = appendJSON(dst, m.raw[len(headConn):])
	dst = append(dst, `,"timestamp":`...)
	dst = strconv.AppendInt(dst, m.Time, 10)
	dst = append(dst, `,"type":`...)
	dst = strconv.AppendUint(dst, uint64(m.Type), 10)
	id, name := "unknown", "unknown"
	if p := payloads.byType[m.Type]; p != nil {
		id, name = p.row.ID, p.row.Name
	}
	dst = append(append(append(dst, `,"typeId":"`...), id...), `","typeName":"`...)
	dst = append(append(dst, name...), `","payload":`...)
	if m.Extension != "" {
		dst = m.appendCarrierJSON(dst)
	} else {
		dst, _ = appendJSON(dst, m.raw[m.payload:])
	}
	dst = append(dst, `,"channelId":`...)
	dst, _ = appendJSON(dst, m.raw[m.channel:])
	dst = append(dst, `,"seq":`...)
	dst = strconv.AppendUint(dst, m.Seq, 10)
	dst = append(dst, `,"time":"`...)
	dst = append(appendTime(dst, m.Time), '"')
	if m.Extension != "" {
		dst = append(append(dst, `,"extension":"`...), m.Extension...)
		dst = append(dst, `","data":`...)
		dst, _ = appendJSON(dst, m.raw[m.data:])
	}
	return append(dst, '}')
}

// appendCarrierJSON appends an extension's payload without its data.
func (m *Message) appendCarrierJSON(dst []byte) []byte {
	name := m.Extension + extensionSuffix // of letters that need no escape
	if m.Type == typeOnChannel {
		return append(append(append(dst, `{"requestId":0,"requestType":"`...), name...), `","payload":""}`...)
	}
	return append(append(append(dst, `{"requestType":"`...), name...), `"}`...)
}

// appendTime appends a time as in RFC 3339, in UTC, with nine digits.
func appendTime(dst []byte, ns int64) []byte {
	t := time.Unix(0, ns).UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = appendDigits(dst, year, 4)
	dst = appendDigits(append(dst, '-'), int(month), 2)
	dst = appendDigits(append(dst, '-'), day, 2)
	dst = appendDigits(append(dst, 'T'), hour, 2)
	dst = appendDigits(append(dst, ':'), minute, 2)
	dst = appendDigits(append(dst, ':'), second, 2)
	dst = appendDigits(append(dst, '.'), t.Nanosecond(), 9)
	return append(dst, 'Z')
}

func appendDigits(dst []byte, v, width int) []byte {
	end := len(dst) + width
	for range width {
		dst = append(dst, '0')
	}
	for i := end - 1; v > 0; i-- {
		dst[i] = byte('0' + v%10)
		v /= 10
	}
	return dst
}

// appendJSON appends a canonical item as JSON and returns what follows it. Bytes
// become padded standard base64.
func appendJSON(dst []byte, it cbor.Item) ([]byte, cbor.Item) {
	major, arg, size := it.Head()
	rest := it[size:]
	switch major {
	case cbor.MajorUint:
		return strconv.AppendUint(dst, arg, 10), rest
	case cbor.MajorNegint:
		return strconv.AppendInt(dst, ^int64(arg), 10), rest
	case cbor.MajorBytes:
		dst = base64.StdEncoding.AppendEncode(append(dst, '"'), rest[:arg])
		return append(dst, '"'), rest[arg:]
	case cbor.MajorText:
		return appendJSONText(dst, rest[:arg]), rest[arg:]
	case cbor.MajorArray:
		dst = append(dst, '[')
		for i := range arg {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst, rest = appendJSON(dst, rest)
		}
		return append(dst, ']'), rest
	case cbor.MajorMap:
		dst = append(dst, '{')
		for i := range arg {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst, rest = appendJSON(dst, rest)
			dst, rest = appendJSON(append(dst, ':'), rest)
		}
		return append(dst, '}'), rest
	}
	switch it[0] {
	case cbor.True:
		return append(dst, "true"...), rest
	case cbor.False:
		return append(dst, "false"...), rest
	}
	return append(dst, "null"...), rest
}

// plain are the bytes that stand for themselves in a JSON string. As in package
// encoding/json, and so in ContainerSSH's decoder, those that mean something in HTML don't.
var plain = func() (t [256]bool) {
	for c := byte(' '); c < 0x7f; c++ {
		t[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return t
}()

// appendJSONText appends s as a JSON string. A foreign file can have what is no UTF-8:
// there U+FFFD stands for each such byte.
func appendJSONText(dst, s []byte) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		if plain[s[i]] {
			i++
			continue
		}
		r, size := utf8.DecodeRune(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(append(dst, s[start:i]...), replacement...)
			start = i + size
		case r < utf8.RuneSelf, 0x80 <= r && r <= 0x9f, r == '\u2028', r == '\u2029':
			dst = appendEscape(append(dst, s[start:i]...), r)
			start = i + size
		}
		i += size
	}
	return append(append(dst, s[start:]...), '"')
}

// appendEscape appends a character as its escape.
func appendEscape(dst []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
