// Package bucket makes the requests of one bucket of an S3 store.
//
// Each request is made once, with a limit on how long it may stand still; whoever calls
// decides from the error's [Class] whether and when to try again. What a store
// answers is compared with what was sent.
package bucket

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// amazon is where a bucket is without another endpoint; the library adds the region.
const amazon = "https://s3.amazonaws.com"

// defaultRegion is what requests are signed for where no region is known. Stores other
// than Amazon's take it, or any.
const defaultRegion = "us-east-1"

// defaultTimeout is how long a request may stand still. Amazon's own clients wait a minute.
const defaultTimeout = time.Minute

// Bucket is one bucket, or what is below a prefix in it. Its methods may be called concurrently.
// The keys that they take and return are without the prefix.
type Bucket struct {
	config Config
	core   *minio.Core
	creds  *credentials.Credentials
	http   *http.Transport
	now    func() time.Time

	// unconditional is set when the store has refused If-None-Match as not implemented.
	unconditional atomic.Bool
}

// New returns the bucket that c describes. It makes no request.
func New(c Config) (*Bucket, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	u, err := url.Parse(c.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("read endpoint: %w", err)
	}
	transport, err := newTransport(c)
	if err != nil {
		return nil, err
	}
	watched := &watch{next: transport, patience: c.Timeout}
	if c.Transport != nil {
		watched.next = c.Transport
	}
	b := &Bucket{config: c, http: transport, now: time.Now}
	b.creds = credentials.New(newKeyring(c.Keys))
	lookup := minio.BucketLookupAuto
	if c.PathStyle {
		lookup = minio.BucketLookupPath
	} else if c.Endpoint != amazon && !isAddress(u.Hostname()) {
		lookup = minio.BucketLookupDNS
	}
	b.core, err = minio.NewCore(u.Host, &minio.Options{
		Creds:        b.creds,
		Secure:       u.Scheme == "https",
		Transport:    watched,
		Region:       c.Region,
		BucketLookup: lookup,
		MaxRetries:   1,
	})
	if err != nil {
		return nil, fmt.Errorf("make a client of %q: %w", c.Endpoint, err)
	}
	b.core.SetAppInfo("sshtrail", "1")
	return b, nil
}

// Close closes the connections that are not in use.
func (b *Bucket) Close() { b.http.CloseIdleConnections() }

// String names the bucket as a URL.
func (b *Bucket) String() string { return "s3://" + b.config.Bucket + "/" + b.config.Prefix }

func (b *Bucket) key(name string) string { return b.config.Prefix + name }

func (b *Bucket) name(key string) string { return strings.TrimPrefix(key, b.config.Prefix) }

func (b *Bucket) secure() bool { return b.core.EndpointURL().Scheme == "https" }
