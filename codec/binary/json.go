package binary

import (
	"encoding/base64"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/sshtrail/sshtrail/internal/cbor"
)

// AppendJSON appends the message as one JSON object without a line end: ContainerSSH's
// seven keys, and ours behind them. Nothing in it acts on a terminal: controls, also
// those of ISO 6429 above 7f, are escaped in every string.
func (m *Message) AppendJSON(dst []byte) []byte {
	j := jsonWriter{dst: dst}
	j.message(m)
	return j.dst
}

// WriteJSON writes what [Message.AppendJSON] appends. A message of a foreign file may take six
// times its size, so it comes in pieces, each of which ends behind a character. buf is
// what they are made in. It is returned, perhaps grown, to be given the next time.
func (m *Message) WriteJSON(w io.Writer, buf []byte) ([]byte, error) {
	j := jsonWriter{dst: buf[:0], w: w}
	j.message(m)
	j.flush(1)
	return j.dst, j.err
}

// jsonPiece is how much of an item becomes JSON at once.
const jsonPiece = 48 << 10 // a multiple of 3, for base64

// jsonWriter makes JSON.
type jsonWriter struct {
	dst []byte
	w   io.Writer // where dst goes when it is long; nil: dst is wanted
	err error     // of w
}

// flush writes what there is, if that is at least so many bytes.
func (j *jsonWriter) flush(least int) {
	if j.w != nil && len(j.dst) >= least {
		j.write()
	}
}

func (j *jsonWriter) write() {
	if j.err == nil {
		_, j.err = j.w.Write(j.dst)
	}
	j.dst = j.dst[:0]
}

func (j *jsonWriter) add(s string)  { j.dst = append(j.dst, s...) }
func (j *jsonWriter) uint(v uint64) { j.dst = strconv.AppendUint(j.dst, v, 10) }

func (j *jsonWriter) message(m *Message) {
	j.add(`{"connectionId":`)
	j.item(m.raw[len(headConn):])
	j.add(`,"timestamp":`)
	j.dst = strconv.AppendInt(j.dst, m.Time, 10)
	j.add(`,"type":`)
	j.uint(uint64(m.Type))
	id, name := "unknown", "unknown"
	if p := payloads.byType[m.Type]; p != nil {
		id, name = p.row.ID, p.row.Name
	}
	j.add(`,"typeId":"`)
	j.add(id)
	j.add(`","typeName":"`)
	j.add(name)
	j.add(`","payload":`)
	if m.Extension != "" {
		j.carrier(m)
	} else {
		j.item(m.raw[m.payload:])
	}
	j.add(`,"channelId":`)
	j.item(m.raw[m.channel:])
	j.add(`,"seq":`)
	j.uint(m.Seq)
	j.add(`,"time":"`)
	j.dst = append(appendTime(j.dst, m.Time), '"')
	if m.Extension != "" {
		j.add(`,"extension":"`)
		j.add(m.Extension)
		j.add(`","data":`)
		j.item(m.raw[m.data:])
	}
	j.add("}")
}

// carrier adds an extension's payload without its data.
func (j *jsonWriter) carrier(m *Message) {
	before, after := `{"requestType":"`, `"}`
	if m.Type == typeOnChannel {
		before, after = `{"requestId":0,"requestType":"`, `","payload":""}`
	}
	j.add(before)
	j.add(m.Extension + extensionSuffix) // of letters that need no escape
	j.add(after)
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

// item adds a canonical item and returns what follows it. Bytes become padded standard
// base64.
func (j *jsonWriter) item(it cbor.Item) (rest cbor.Item) {
	j.flush(jsonPiece)
	major, arg, size := it.Head()
	rest = it[size:]
	switch major {
	case cbor.MajorUint:
		j.uint(arg)
		return rest
	case cbor.MajorNegint:
		j.dst = strconv.AppendInt(j.dst, ^int64(arg), 10)
		return rest
	case cbor.MajorBytes:
		j.base64(rest[:arg])
		return rest[arg:]
	case cbor.MajorText:
		j.text(rest[:arg])
		return rest[arg:]
	case cbor.MajorArray:
		return j.array(rest, arg)
	case cbor.MajorMap:
		return j.pairs(rest, arg)
	}
	switch it[0] {
	case cbor.True:
		j.add("true")
	case cbor.False:
		j.add("false")
	default:
		j.add("null")
	}
	return rest
}

func (j *jsonWriter) array(rest cbor.Item, n uint64) cbor.Item {
	j.add("[")
	for i := range n {
		if i > 0 {
			j.add(",")
		}
		rest = j.item(rest)
	}
	j.add("]")
	return rest
}

func (j *jsonWriter) pairs(rest cbor.Item, n uint64) cbor.Item {
	j.add("{")
	for i := range n {
		if i > 0 {
			j.add(",")
		}
		rest = j.item(rest)
		j.add(":")
		rest = j.item(rest)
	}
	j.add("}")
	return rest
}

func (j *jsonWriter) base64(p []byte) {
	j.add(`"`)
	for len(p) > jsonPiece {
		j.dst = base64.StdEncoding.AppendEncode(j.dst, p[:jsonPiece])
		p = p[jsonPiece:]
		j.flush(jsonPiece)
	}
	j.dst = append(base64.StdEncoding.AppendEncode(j.dst, p), '"')
}

func (j *jsonWriter) text(p []byte) {
	j.add(`"`)
	for len(p) > jsonPiece {
		n := jsonPiece
		for n > jsonPiece-utf8.UTFMax && !utf8.RuneStart(p[n]) {
			n--
		}
		j.dst = appendJSONText(j.dst, p[:n])
		p = p[n:]
		j.flush(jsonPiece)
	}
	j.dst = append(appendJSONText(j.dst, p), '"')
}

// plain are the bytes that stand for themselves in a JSON string. As in package
// encoding/json, and so in ContainerSSH's decoder, those that mean something in HTML don't.
var plain = func() (t [256]bool) {
	for c := byte(' '); c < 0x7f; c++ {
		t[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return t
}()

// appendJSONText appends s as the inside of a JSON string. A foreign file can have what is
// no UTF-8: there U+FFFD stands for each such byte.
func appendJSONText(dst, s []byte) []byte {
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
	return append(dst, s[start:]...)
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
