package s3

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// Service says where a bucket is, and what it is asked for with each object.
type Service = bucket.Config

// Keys sign requests.
type Keys = bucket.Keys

// Lock has nobody remove or replace an object.
type Lock = bucket.Lock

// Checksum says how the store checks what it gets, and how it is checked.
type Checksum = bucket.Checksum

// The checksums: see [Service].
const (
	CRC64      = bucket.CRC64
	MD5        = bucket.MD5
	NoChecksum = bucket.NoChecksum
)

// Config says where logs go, and what is kept here until they are there.
type Config struct {
	// Local is the folder for what is not proved to be in the bucket. It belongs to one
	// gateway; its processes, while one takes over from another, may share it.
	Local string

	// Service is the bucket.
	Service Service

	// PartSize is the size of an upload's first parts, 0 for 5 MiB. After 900 parts it doubles, and again
	// after each 900 more, up to 5 GiB.
	PartSize int64
	// ParallelUploads is how many requests are made at once, over all logs; 0 for 20.
	ParallelUploads int

	// MaxSpool is how much may be in the folder, in bytes, or if it is 0 MaxSpoolPercent of its disk's
	// size, or if that is 0 too, 80 %.
	MaxSpool        int64
	MaxSpoolPercent int

	// Flush is how often the end of a log that is in no part yet is put beside it; 0 for never.
	Flush time.Duration

	// Username and IP have an object's metadata tell them to whoever may see that.
	Username, IP bool

	// Adopt has State and Resume go on, too, with logs that another machine has left in the bucket. It
	// must not be at work any more.
	Adopt bool
}

const (
	defaultPartSize = bucket.MinPart
	defaultParallel = 20
	defaultPercent  = 80
)

func (c Config) withDefaults() Config {
	if c.PartSize <= 0 {
		c.PartSize = defaultPartSize
	}
	if c.ParallelUploads <= 0 {
		c.ParallelUploads = defaultParallel
	}
	if c.MaxSpoolPercent <= 0 {
		c.MaxSpoolPercent = defaultPercent
	}
	return c
}

// Validate reports everything that keeps logs from being kept: the folder, which must be
// there, and what is wrong with how the bucket is described. It makes no request.
func (c Config) Validate() error {
	return errors.Join(c.validateLocal(), c.Service.Validate())
}

func (c Config) validateLocal() error {
	const remedy = "make it (mkdir -p -m 0700), or set audit.s3.local to another"
	if c.Local == "" {
		return errors.New("no folder for logs that are not uploaded yet: set audit.s3.local to one")
	}
	info, err := os.Stat(c.Local)
	switch {
	case err != nil:
		return fmt.Errorf("look at folder for logs that are not uploaded yet: %w; %s", err, remedy)
	case !info.IsDir():
		return fmt.Errorf("%q is no folder: %s", c.Local, remedy)
	}
	if err := unix.Access(c.Local, unix.R_OK|unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("folder %q can't be read and written: %w; give it to the user who runs this (uid %d), with mode 0700", c.Local, err, os.Getuid())
	}
	return nil
}
