package bucket

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/minio/minio-go/v7/pkg/s3utils"
)

// Config describes a bucket and what is asked of it for each object.
type Config struct {
	Endpoint  string // a URL of http or https; "" is Amazon's
	Region    string
	Bucket    string
	Prefix    string // comes before each key
	PathStyle bool   // the bucket's name is in the path, not in the host's name

	// Keys is asked before each request, so that keys can be replaced. If it is nil they are looked
	// for in the environment, the shared files, and what the machine, container or cluster gives.
	Keys func() (Keys, error)

	CACert []byte // PEM text of certificates to trust beside the system's

	ACL          string
	StorageClass string
	SSE          string // "", "AES256" or "aws:kms"
	KMSKey       string // for aws:kms; "" is the store's own
	Lock         Lock
	Checksum     Checksum

	// Timeout is how long a request may go without any progress; 0 is a minute.
	Timeout time.Duration

	// Transport makes the requests, if it is not nil, instead of one over the network: for tests.
	Transport http.RoundTripper
}

// Keys sign requests. No way to print them shows them.
type Keys struct{ Access, Secret, Token string }

// Format prints stars, whatever the verb.
func (Keys) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("***")) }

// Lock is what S3 calls Object Lock: objects that nobody can remove or replace.
type Lock struct {
	Mode      string // "", "GOVERNANCE" or "COMPLIANCE"
	Days      int    // from the moment of the upload
	Until     time.Time
	LegalHold bool
}

func (l Lock) isSet() bool { return l.Mode != "" || l.LegalHold }

// Checksum says how the store is made to check what it gets.
type Checksum string

// The checksums.
const (
	// CRC64 is CRC-64/NVME of each part and of the whole object, the only checksum of S3
	// whose value for the whole follows from the parts' without reading them again.
	CRC64 Checksum = "crc64nvme"
	// MD5 is for stores that don't know the newer header: Content-MD5 with each part, and ETags.
	MD5 Checksum = "md5"
	// NoChecksum sends none. ETags are compared where they are MD5 sums.
	NoChecksum Checksum = "none"
)

// Validate reports everything that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Bucket == "" {
		wrong("bucket is empty: name it")
	} else if err := s3utils.CheckValidBucketName(c.Bucket); err != nil {
		wrong("bucket %q: %w", c.Bucket, err)
	}
	if u, err := url.Parse(c.Endpoint); c.Endpoint != "" && (err != nil || u.Hostname() == "" || !slices.Contains([]string{"http", "https"}, u.Scheme) || u.Path != "" && u.Path != "/") {
		wrong("endpoint %q is no URL of http or https without a path: write https://host", c.Endpoint)
	}
	if strings.HasPrefix(c.Prefix, "/") || !utf8.ValidString(c.Prefix) || strings.ContainsFunc(c.Prefix, isControl) {
		wrong("prefix %q: must be text that does not begin with /", c.Prefix)
	}
	if len(c.CACert) > 0 && !x509.NewCertPool().AppendCertsFromPEM(c.CACert) {
		wrong("no certificate to trust in PEM text")
	}
	if !slices.Contains([]string{"", "AES256", "aws:kms"}, c.SSE) {
		wrong("sse %q: must be AES256 or aws:kms", c.SSE)
	}
	if c.KMSKey != "" && c.SSE != "aws:kms" {
		wrong("a KMS key without sse aws:kms")
	}
	if !slices.Contains([]Checksum{"", CRC64, MD5, NoChecksum}, c.Checksum) {
		wrong("checksum %q: must be crc64nvme, md5 or none", string(c.Checksum))
	}
	errs = append(errs, c.Lock.validate(c.Checksum))
	return errors.Join(errs...)
}

func (l Lock) validate(sum Checksum) error {
	switch {
	case !slices.Contains([]string{"", "GOVERNANCE", "COMPLIANCE"}, l.Mode):
		return fmt.Errorf("object lock mode %q: must be GOVERNANCE or COMPLIANCE", l.Mode)
	case l.Mode == "" && (l.Days != 0 || !l.Until.IsZero()):
		return errors.New("object lock has a time and no mode: name GOVERNANCE or COMPLIANCE")
	case l.Mode != "" && (l.Days == 0) == l.Until.IsZero():
		return errors.New("object lock needs days or until, and not both")
	case l.Days < 0:
		return fmt.Errorf("object lock of %d days: must be at least 1", l.Days)
	case l.isSet() && sum == NoChecksum:
		// PutObject, "Object Lock": such a request must have a checksum or Content-MD5.
		return errors.New("object lock needs a checksum: S3 refuses locked objects without one")
	}
	return nil
}

func (c Config) withDefaults() Config {
	if c.Endpoint == "" {
		c.Endpoint = amazon
	}
	if c.Region == "" {
		c.Region = defaultRegion
	}
	if c.Checksum == "" {
		c.Checksum = CRC64
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	return c
}

func isAddress(host string) bool { return net.ParseIP(host) != nil }

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
