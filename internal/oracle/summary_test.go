package oracle

import (
	"strings"
	"testing"
)

func TestInSummary(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"ls", "ls"},
		{"a\xff\xe2\x82b", "a\ufffd\ufffd\ufffdb"},
		{strings.Repeat("x", 1025), strings.Repeat("x", 1024)},
		{"x" + strings.Repeat("日", 400), "x" + strings.Repeat("日", 341)},
		{strings.Repeat("\xff", 400), strings.Repeat("\ufffd", 341)},
	} {
		if got := inSummary(tt.in); got != tt.want {
			t.Errorf("inSummary(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
