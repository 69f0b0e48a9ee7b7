package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/sshtrail/sshtrail/internal/config"
	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/s3"
)

// recoverOptions are what recover was asked for.
type recoverOptions struct {
	storage string
	idle    time.Duration
	spool   string
}

// defaultIdle is far above audit.s3.flush as one sets it, and below what people wait for.
const defaultIdle = 5 * time.Minute

// recoverStorage finishes what another machine has left in a bucket.
func (a *app) recoverStorage(ctx context.Context, names []string, o *recoverOptions) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	c, prefix, err := a.bucketToRecover(o.storage)
	if err != nil {
		return err
	}
	folder, temporary, err := recoverySpool(c, prefix, o.spool)
	if err != nil {
		return err
	}
	cfg, err := s3Config(c)
	if err != nil {
		return err
	}
	cfg.Local, cfg.Service.Prefix, cfg.Adopt = folder, prefix, true
	if err := cfg.Validate(); err != nil {
		return err
	}
	store, err := s3.New(cfg, disk.OS{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	j := &rescue{app: a, store: store, idle: o.idle}
	err = j.all(ctx, names)
	if closeErr := store.Close(ctx); closeErr != nil {
		remedy := ""
		if temporary {
			remedy = fmt.Sprintf("; 'sshtrail recover --storage %s --spool %s' goes on", harmless(o.storage), folder)
		}
		return errors.Join(err, fmt.Errorf("%w%s", closeErr, remedy))
	}
	if temporary {
		if removeErr := os.RemoveAll(folder); removeErr != nil {
			return errors.Join(err, fmt.Errorf("remove temporary folder: %w", removeErr))
		}
	}
	if err == nil && j.failed > 0 {
		return exit(statusFailed)
	}
	return err
}

// bucketToRecover is openPrefix for a store that is written to.
func (a *app) bucketToRecover(arg string) (c *config.S3, prefix string, err error) {
	if !isS3(arg) {
		return nil, "", usageError{fmt.Errorf("--storage %q: write s3://BUCKET/PREFIX", arg)}
	}
	p, err := parseS3(arg)
	if err != nil {
		return nil, "", err
	}
	if c, err = a.bucketOf(p.bucket); err != nil {
		return nil, "", err
	}
	return c, asFolder(p.key, c.Prefix), nil
}

// recoverySpool returns the folder for what is brought here: that of the configuration, if it is its bucket and prefix, since the
// gateway of this machine may be at work there; or else one for the time being.
func recoverySpool(c *config.S3, prefix, asked string) (folder string, temporary bool, err error) {
	switch {
	case asked != "":
		folder, err = filepath.Abs(asked)
		if err == nil {
			err = os.MkdirAll(folder, 0o700)
		}
	case c.Local != "" && c.Prefix == prefix:
		folder = c.Local
	default:
		temporary = true
		folder, err = os.MkdirTemp("", "sshtrail-recover-")
	}
	if err != nil {
		return "", false, fmt.Errorf("make a folder for logs until they are uploaded: %w", err)
	}
	return folder, temporary, nil
}

// rescue is one run of recover --storage.
type rescue struct {
	app    *app
	store  *s3.Store
	idle   time.Duration
	failed int
}

func (j *rescue) all(ctx context.Context, names []string) error {
	var left []storage.Name // a log that is brought here is no more elsewhere: so all are looked for first
	for info, err := range j.store.Elsewhere(ctx) {
		if err != nil {
			return err
		}
		if len(names) == 0 || slices.Contains(names, string(info.Name)) {
			left = append(left, info.Name)
		}
	}
	for _, name := range names {
		if !slices.Contains(left, storage.Name(name)) {
			j.failed++
			fmt.Fprintf(j.app.out, "%s: nothing to recover: it is finished, or on this machine, or nothing of it is there\n", word(name))
		}
	}
	for _, name := range left {
		if err := j.one(ctx, name); err != nil {
			return err
		}
	}
	if len(left) == 0 && len(names) == 0 {
		fmt.Fprintln(j.app.out, "nothing to recover")
	}
	return nil
}

// one finishes a log, unless it may be written still.
func (j *rescue) one(ctx context.Context, name storage.Name) error {
	tell := func(format string, args ...any) {
		fmt.Fprintf(j.app.out, "%s: %s\n", name, fmt.Sprintf(format, args...))
	}
	seen, err := j.store.LastSeen(ctx, name)
	if err != nil {
		return err
	}
	at := seen.UTC().Format(time.RFC3339)
	if ago := time.Since(seen); ago < j.idle {
		j.failed++
		tell("left as it is: something of it was sent at %s, %s ago; if its gateway is gone, try again later, or with --idle 0", at, ago.Round(time.Second))
		return nil
	}
	recoveries, err := record.RecoverStore(ctx, record.Config{Logger: slog.New(slog.DiscardHandler)}, j.store, name)
	if err != nil {
		return err
	}
	for _, r := range recoveries {
		if r.Err != nil {
			j.failed++
			tell("left as it is: %s", strings.ReplaceAll(harmless(r.Err.Error()), "\n", " "))
			continue
		}
		tell("%s, %d messages saved from its tail; what was recorded after %s is missing", r.Verdict, r.Saved, at)
	}
	return ctx.Err()
}
