package tapetest

import "strings"

// Hostile returns outputs that are meant for the terminal, the page or the file that what they are in is
// shown by: each control of ISO 646 and ISO 6429, strings of each kind that are begun and not ended,
// what hides and turns text around, the ends of all sorts of markup, and what is no UTF-8.
func Hostile() []string {
	var all []string
	for c := range rune(0x20) {
		all = append(all, "a"+string(c)+"b")
	}
	for c := rune(0x7f); c < 0xa0; c++ {
		all = append(all, "a"+string(c)+"b", "a\x1b"+string(c-0x40)+"b")
	}
	for c := byte(0x40); c < 0x7f; c++ {
		all = append(all, "\x1b[1;2;3"+string(c), "\x1b[?5"+string(c), "\x1b[999999999"+string(c))
	}
	return append(all,
		"\x1b]0;</title><script>alert(1)</script>\a", "\x1b]52;c;ZXZpbA==\a", "\x1b]8;;javascript:alert(1)\x1b\\link\x1b]8;;\x1b\\", "\x1bPq#0;2;0;0;0\x1b\\", "\x1b_payload\x1b\\",
		"</script><script>document.title='owned'</script>", "<!--<script>", "-->", "]]>", "<![CDATA[", "<?xml version='1.0'?>", "&lt;&amp;&#60;&#x3c;&evil;",
		`<img src=x onerror="document.title='owned'">`, `" onload="document.title='owned'" x="`, `' onclick='x`, "</text></svg><svg onload=alert(1)>", "</style><style>*{display:none}",
		"javascript:document.title='owned'", "`${document.title='owned'}`", `\u003cscript\u003e`, `\`, `\"`, "{{constructor}}", "url(http://192.0.2.1/)", "@import 'http://192.0.2.1/';",
		"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029\u200b\u200d\ufeff\u00ad\U000e0041",
		"\xff\xfe\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80", "\uffff\ufffe\ufdd0\U0001ffff\U0010ffff\u0000", "a"+strings.Repeat("\u0301", 1000), "漢字👨\u200d👩\u200d👧\ufe0f",
	)
}
