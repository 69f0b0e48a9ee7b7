package s3

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// Somebody waits for what is read, so it is not tried for ever: about five seconds, beside the requests.
const (
	readTries = 5
	readPause = 200 * time.Millisecond
)

// patiently tries again what may succeed then.
func patiently(ctx context.Context, try func() error) error {
	pause := readPause
	for n := 1; ; n++ {
		err := try()
		if err == nil || n == readTries || bucket.ClassOf(err) != bucket.Retry || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
			return err
		}
		pause *= 2
	}
}
