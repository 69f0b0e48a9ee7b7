package clients

import (
	"testing"

	"github.com/sshtrail/sshtrail/internal/oracle"
)

// New keys every 16 KiB, in both directions, change no byte.
func TestRekeyStorm(t *testing.T) {
	r := begin(t)
	var exchanges []*oracle.Exchange
	for range r.Rounds(1) {
		size := int64(r.Size(1<<20, 16<<20))
		x := oracle.NewExchange(t, oracle.Plan{Seed: r.Uint64(), Stdin: size, Stdout: size, Stderr: size / 8})
		x.Run(t, r.OpenSSH(t, "ssh", "-o", "RekeyLimit=16K", "gw", x.Command()))
		exchanges = append(exchanges, x)
	}
	logs := r.rest(t)
	for _, x := range exchanges {
		x.Check(t, logs.With(t, x.Command()))
	}
}
