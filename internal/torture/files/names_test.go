package files

import (
	"strings"

	"github.com/sshtrail/sshtrail/internal/torture"
)

// name is a string that breaks programs which think that a name is a word.
type name struct{ kind, text string }

// names are the kinds of strings that have broken such programs.
func names() []name {
	all := []name{
		{"nothing", ""}, {"a blank", " "}, {"blanks", "  a  b  "}, {"a tab", "\t"}, {"blanks of Unicode", "\u00a0\u2003\u3000\u180e"},
		{"line ends", "a\nb\rc\r\nd\u0085e\u2028f\u2029g\vh\fi"}, {"NUL", "a\x00b"}, {"controls", controls(0, 0x20)}, {"DEL", "\x7f"},
		{"C1 as characters", controls(0x80, 0xa0)}, {"C1 as bytes", "\x80\x84\x85\x8d\x90\x9b31m\x9c\x9d0;t\x9c"},
		{"a title", "\x1b]0;owned\x07"}, {"the clipboard", "\x1b]52;c;cm0gLXJmIC8=\x07"}, {"a link", "\x1b]8;;http://example.com\x1b\\x\x1b]8;;\x1b\\"},
		{"who are you", "\x1b[c\x1b[>c\x1bZ\x05"}, {"say where you are", "\x1b[6n\x1b[21t"}, {"colours", "\x1b[31;1mred\x1b[0m"},
		{"a clear screen", "\x1b[2J\x1b[H\x1bc"}, {"another screen", "\x1b[?1049h"}, {"a device string", "\x1bP$q\"p\x1b\\"}, {"an endless sequence", "\x1b]0;"},
		{"backspaces", "rm -rf /\b\b\b\b\b\b\b\becho"}, {"a carriage return", "evil\rgood"},
		{"the other direction", "\u202egnp.exe\u202c\u2066x\u2069\u061c\u200f"}, {"no width", "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg"},
		{"a storm of marks", "e" + strings.Repeat("\u0301\u0323\u0489", 40)}, {"marks alone", "\u0301\u0301"}, {"tags", "\U000e0041\U000e0042\U000e007f"},
		{"variants", "a\ufe0fb\U000e0100"}, {"emoji", "\U0001f469\u200d\U0001f469\u200d\U0001f466\U0001f3ff\U0001f1e9\U0001f1ea"}, {"private use", "\ue000\U000f0000\U0010fffd"},
		{"no characters", "\ufffe\uffff\U0001fffe"}, {"replacement", "\ufffd"}, {"look-alikes", "рaypal \uff21\uff0f\u2044\u037e"}, {"large letters", "\u0130\u0131\u00df\ufb01"},
		{"a mark of byte order", "\ufeffroot"}, {"overlong", "\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf\xc0\x80"}, {"surrogates", "\xed\xa0\x80\xed\xb0\x80"},
		{"beyond Unicode", "\xf4\x90\x80\x80\xf8\x88\x80\x80\x80"}, {"cut characters", "\xe2\x82"}, {"bytes", "\xff\xfe\xfd"}, {"Latin-1", "caf\xe9"}, {"UTF-16", "\xff\xfer\x00o\x00o\x00t\x00"},
		{"up", "../../../../../../etc/passwd"}, {"up and down", "..\\..\\x/../.."}, {"dots", ".."}, {"a dot", "."}, {"absolute", "/etc/cron.d/x"}, {"a home", "~root/.ssh/authorized_keys"},
		{"encoded", "%2e%2e%2f%00"}, {"a URL", "file:///etc/passwd"}, {"devices", "/dev/stdout"}, {"devices of others", "CON"}, {"a stream", "x::$DATA"}, {"a log", "x.partial"},
		{"the shell", "$(touch owned);`id`|&><*?[]{}!#"}, {"quotes", "'\"\\`"}, {"a backslash at the end", "x\\"}, {"options", "-oProxyCommand=id"}, {"an option", "--help"},
		{"SQL", "'; DROP TABLE logs; --"}, {"formats", "%s%n%x%!v(PANIC)%%{{.}}${HOME}${jndi:ldap://x}"}, {"JSON", `","error":null}{"a":"`}, {"JSON's escapes", `\u0000\ud800\"`},
		{"YAML", "- &a *a !!python/object: {x: |\n  y"}, {"numbers", "0"}, {"more numbers", "-1e999"}, {"no number", "NaN"}, {"too large", "18446744073709551616"}, {"truth", "false"}, {"null", "null"},
		{"HTML", "<script>alert(1)</script>&amp;<!--"}, {"gzip", "\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x54\x00ST\x50\x00"}, {"CBOR", "\xbf\x61a\x9f\xff\xff\xff"}, {"a log's head", header2},
		{"a message of ours", "time=2026-01-01T00:00:00Z level=ERROR msg=\"forged\" user=x"}, {"a forged line", "x\ntime=2026-01-01T00:00:00.000Z level=INFO msg=\"logged in\" user=root"},
		{"marks of ours", "(shell)"}, {"the gateway", "gateway"}, {"the gateway as we show it", "(gateway)"}, {"an extension", "summary@sshtrail"}, {"another extension", "gap@sshtrail"}, {"a key of ours", "programRaw"},
		{"a list of ours", "a; b ×2; (2 more)"}, {"long", strings.Repeat("A", 5000)}, {"long and wide", strings.Repeat("\u202e日\x1b", 400)}, {"metrics", "x\"} 1\nforged_total{a=\"b\"} 5\n# EOF"},
	}
	return all
}

func controls(from, to rune) string {
	var b strings.Builder
	for r := from; r < to; r++ {
		b.WriteRune(r)
	}
	return b.String()
}

// kinds of characters that drawn draws from: what is printed, what is not, what is no
// character, and what means something to somebody.
const pieces = "a /\\.\"'`$%&;|<>(){}[]=,:#*?!~-\n\r\t\b\x00\x1b\x07\x7f"

// drawn is names with some drawn by chance.
func drawn(rig *torture.Rig, n int) []name {
	all := names()
	for range n {
		var b strings.Builder
		for range 1 + rig.IntN(40) {
			switch rig.IntN(5) {
			case 0:
				b.WriteByte(byte(rig.IntN(256)))
			case 1:
				b.WriteRune(rune(rig.IntN(0x3000)))
			case 2:
				b.WriteRune(rune(rig.IntN(0x110000)))
			default:
				b.WriteByte(pieces[rig.IntN(len(pieces))])
			}
		}
		all = append(all, name{"drawn", b.String()})
	}
	return all
}
