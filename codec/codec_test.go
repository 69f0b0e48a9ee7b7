package codec_test

import (
	"testing"

	"github.com/sshtrail/sshtrail/codec"
)

func TestDetect(t *testing.T) {
	for first, want := range map[string]codec.Format{
		"":                                   codec.Binary,
		"Container":                          codec.Binary,
		"ContainerSSH-Auditlog\x00\x00":      codec.Binary,
		"ContainerSSH-auditlog\x00\x00":      "",
		`{"version": 2, "width": 80}` + "\n": "",
		"\x1f\x8b\x08":                       "",
	} {
		if got := codec.Detect([]byte(first)); got != want {
			t.Errorf("Detect(%q) = %q, want %q", first, got, want)
		}
	}
}
