package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/sshtrail/sshtrail/internal/config"
	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/s3"
)

const s3Scheme = "s3://"

func isS3(arg string) bool { return strings.HasPrefix(arg, s3Scheme) }

// readsAtOnce is how many logs are read at once where each costs a request.
const readsAtOnce = 16

// atOnce is how many logs of a store are best read at once.
func atOnce(s shelf) int {
	if _, remote := s.(*s3.Archive); remote {
		return readsAtOnce
	}
	return 1
}

// deniedBy says that a store does not let a log be read.
func deniedBy(s shelf, name storage.Name, err error) error {
	if _, remote := s.(*s3.Archive); remote {
		return fmt.Errorf("%w; to read a log an access key needs s3:GetObject and s3:ListBucket", err)
	}
	return errPermission(string(name))
}

// service returns the bucket of a configuration, with a prefix of the caller's.
func service(c *config.S3, prefix string) (s3.Service, error) {
	authorities, err := c.Authorities()
	if err != nil {
		return s3.Service{}, fmt.Errorf("audit.s3.cacert: %w", err)
	}
	s := s3.Service{
		Endpoint: c.Endpoint, Region: c.Region, Bucket: c.Bucket, Prefix: prefix, PathStyle: c.PathStyleAccess,
		CACert: authorities, ACL: c.ACL, StorageClass: c.StorageClass, KMSKey: c.KMSKey,
		Checksum: s3.Checksum(c.Checksum), Timeout: c.Timeout.Duration(),
		Lock: s3.Lock{Days: c.ObjectLock.Days, Until: c.ObjectLock.Until.Time(), LegalHold: c.ObjectLock.LegalHold},
	}
	if c.SSE != "none" {
		s.SSE = c.SSE
	}
	if c.ObjectLock.Mode != "none" {
		s.Lock.Mode = c.ObjectLock.Mode
	}
	if c.AccessKey.IsSet() {
		s.Keys = func() (s3.Keys, error) {
			access, secret, token, err := c.Keys()
			return s3.Keys{Access: access, Secret: secret, Token: token}, err
		}
	}
	return s, nil
}

// s3Config is the storage of a configuration.
func s3Config(c *config.S3) (s3.Config, error) {
	bucket, err := service(c, c.Prefix)
	return s3.Config{
		Local: c.Local, Service: bucket,
		PartSize: int64(c.UploadPartSize), ParallelUploads: c.ParallelUploads,
		MaxSpool: int64(c.MaxSpool.Bytes), MaxSpoolPercent: c.MaxSpool.Percent,
		Flush: c.Flush.Duration(), Username: c.Metadata.Username, IP: c.Metadata.IP,
	}, err
}

// openS3Storage returns the store in the configuration's bucket, and begins to upload what is left of the last time.
// The bucket need not be there.
func openS3Storage(c *config.S3, logger *slog.Logger) (*s3.Store, error) {
	cfg, err := s3Config(c)
	if err != nil {
		return nil, err
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return s3.New(cfg, disk.OS{}, logger)
}

// finishUploads returns what closes a store: uploads have their own time, after that of the sessions. What is left
// is no failure, for it goes on at the next start.
func finishUploads(s *s3.Store, grace time.Duration, logger *slog.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			logger.Warn("uploads have not ended in time", "error", err)
		}
		return nil
	}
}

// openArchive opens a configuration's bucket for reading. What waits on this machine for its
// upload belongs to it if the prefix is the configuration's.
func (a *app) openArchive(c *config.S3, prefix string) (*s3.Archive, error) {
	cfg, err := s3Config(c)
	if err != nil {
		return nil, err
	}
	if cfg.Service.Prefix = prefix; prefix != c.Prefix {
		cfg.Local = ""
	}
	archive, err := s3.NewArchive(cfg)
	switch {
	case archive == nil:
		return nil, err
	case errors.Is(err, fs.ErrPermission):
		fmt.Fprintf(a.err, "sshtrail: logs that are not uploaded yet are left out: this user may not read %q\n", cfg.Local)
	}
	return archive, nil
}

// place is what an s3:// argument names.
type s3Place struct{ bucket, key string }

func parseS3(arg string) (s3Place, error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(arg, s3Scheme), "/")
	if bucket == "" {
		return s3Place{}, usageError{fmt.Errorf("%q names no bucket: write s3://BUCKET/PREFIX", arg)}
	}
	return s3Place{bucket, key}, nil
}

// openPrefix opens the store that s3://BUCKET/PREFIX names.
func (a *app) openPrefix(arg string) (shelf, error) {
	p, err := parseS3(arg)
	if err != nil {
		return nil, err
	}
	c, err := a.bucketOf(p.bucket)
	if err != nil {
		return nil, err
	}
	return a.openArchive(c, asFolder(p.key, c.Prefix))
}

// asFolder returns the prefix of what is below a key, as one means it. That of the configuration
// may be any text.
func asFolder(key, configured string) string {
	if key != "" && key != configured && !strings.HasSuffix(key, "/") {
		key += "/"
	}
	return key
}

// openObject opens the log that s3://BUCKET/KEY names.
func (a *app) openObject(ctx context.Context, arg string) (*source, error) {
	p, err := parseS3(arg)
	if err != nil {
		return nil, err
	}
	c, err := a.bucketOf(p.bucket)
	if err != nil {
		return nil, err
	}
	prefix := p.key[:strings.LastIndexByte(p.key, '/')+1]
	if name, ours := strings.CutPrefix(p.key, c.Prefix); ours && !strings.Contains(name, "/") {
		prefix = c.Prefix
	}
	name := storage.Name(strings.TrimPrefix(p.key, prefix))
	if name == "" {
		return nil, fmt.Errorf("%q is a prefix, not a log: 'sshtrail ls %s' lists the logs below it", arg, harmless(arg))
	}
	archive, err := a.openArchive(c, prefix)
	if err != nil {
		return nil, err
	}
	src, err := openStored(ctx, archive, "", name)
	if errors.Is(err, storage.ErrNotExist) {
		err = fmt.Errorf("no log %q: 'sshtrail ls %s' lists those that are there", arg, harmless(archive.String()))
	}
	if err != nil {
		archive.Close()
		return nil, err
	}
	src.name = arg
	src.Closer = closers{src.Closer, closerFunc(archive.Close)}
	return src, nil
}

// bucketOf returns how a bucket is reached: as the configuration says that --config names, if it is
// its bucket, or else as the environment does.
func (a *app) bucketOf(bucket string) (*config.S3, error) {
	cfg, err := a.config()
	if err != nil && a.configGiven {
		return nil, err
	}
	if err == nil && cfg.Audit.S3.Bucket == bucket {
		return &cfg.Audit.S3, nil
	}
	return environmentS3(bucket, os.Getenv), nil
}

// environmentS3 reads the variables of Amazon's own clients (AWS SDKs and Tools Reference Guide). The keys are
// looked for by the client, here and in the other usual places.
func environmentS3(bucket string, getenv func(string) string) *config.S3 {
	first := func(names ...string) string {
		for _, name := range names {
			if v := getenv(name); v != "" {
				return v
			}
		}
		return ""
	}
	c := config.Default("").Audit.S3
	c.Bucket = bucket
	c.Endpoint = first("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
	c.PathStyleAccess = c.Endpoint != ""
	c.Region = first("AWS_REGION", "AWS_DEFAULT_REGION")
	c.CACert = first("AWS_CA_BUNDLE")
	c.Local = ""
	return &c
}

// closers closes one after the other.
type closers []interface{ Close() error }

func (c closers) Close() error {
	var errs []error
	for _, one := range c {
		errs = append(errs, one.Close())
	}
	return errors.Join(errs...)
}

type closerFunc func()

func (f closerFunc) Close() error { f(); return nil }
