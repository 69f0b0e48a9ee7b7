package asciicast

import (
	"strings"
	"testing"
	"time"
)

func TestLength(t *testing.T) {
	const head2, head3 = `{"version": 2, "width": 80, "height": 24}` + "\n", `{"version": 3, "term": {"cols": 80, "rows": 24}}` + "\n"
	for _, tt := range []struct {
		name, cast string
		want       time.Duration
		ok         bool
	}{
		{"empty", head2, 0, true},
		{"version 2", head2 + "[1.5, \"o\", \"x\"]\n[2.25, \"o\", \"y\"]\n", 2250 * time.Millisecond, true},
		{"cut", head2 + "[1.5, \"o\", \"x\"]\n[2.25, \"o\", \"y", 1500 * time.Millisecond, true},
		{"a code that is not known", head2 + "[1.5, \"o\", \"x\"]\n[9, \"?\", \"y\"]\n", 1500 * time.Millisecond, true},
		{"a long line", head2 + "[3, \"o\", \"" + strings.Repeat("x", 100_000) + "\"]\n", 3 * time.Second, true},
		{"version 3", head3 + "[1.5, \"o\", \"x\"]\n# comment\n[2.25, \"o\", \"y\"]\n[1, \"x\", \"0\"]\n", 4750 * time.Millisecond, true},
		{"version 3, cut", head3 + "[1.5, \"o\", \"x\"]\n[2.2", 1500 * time.Millisecond, true},
		{"version 3, large", head3 + strings.Repeat("[1, \"o\", \""+strings.Repeat("x", 1000)+"\"]\n", maxCounted/1000), 0, false},
	} {
		got, ok, err := Length(strings.NewReader(tt.cast), int64(len(tt.cast)))
		if got != tt.want || ok != tt.ok || err != nil {
			t.Errorf("%s: Length = %v, %v, %v, want %v, %v", tt.name, got, ok, err, tt.want, tt.ok)
		}
	}
	if _, _, err := Length(strings.NewReader("x"), 1); err == nil {
		t.Error("what is no cast has a length")
	}
}

func TestParseName(t *testing.T) {
	for _, channel := range []uint64{0, 7, 1<<64 - 1} {
		conn, got, ok := ParseName(Name("019abc", channel))
		if conn != "019abc" || got != channel || !ok {
			t.Errorf("ParseName(Name(019abc, %d)) = %q, %d, %v", channel, conn, got, ok)
		}
	}
	for _, name := range []string{"", ".cast", "x.cast", ".1.cast", "x.01.cast", "x.+1.cast", "x.1.cast.partial", "x.-1.cast", "x.18446744073709551616.cast"} {
		if conn, channel, ok := ParseName(name); ok {
			t.Errorf("ParseName(%q) = %q, %d", name, conn, channel)
		}
	}
}
