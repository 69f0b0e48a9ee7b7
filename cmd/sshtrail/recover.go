package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sshtrail/sshtrail/internal/config"
	"github.com/sshtrail/sshtrail/storage/s3"
)

func (a *app) recover() *cobra.Command {
	var o recoverOptions
	c := &cobra.Command{
		Use:   "recover [LOG…]",
		Short: "Finish what a crash left, without serving",
		Long: `Finish the logs that a crash has left unfinished, as serve does when it starts.
What a gateway is at work on now is left to it.

With --storage s3://BUCKET/PREFIX, on any machine, finish what a gateway has left in a bucket
whose machine is gone for good: what was uploaded of each log, and what audit.s3.flush has put
beside it. What had not been sent by then is missing. A gateway that is alive loses the logs
that are finished behind its back: so one of which something was sent within --idle is left
alone; but a session where nothing happens sends nothing. Where gateways share a prefix, name
the LOGs. It needs s3:ListMultipartUploadParts, s3:GetObject and s3:ListBucket, beside what a
gateway needs. How the bucket is reached is said by --config, or by the environment, as for ls.`,
		Args: usage(cobra.ArbitraryArgs),
		RunE: func(c *cobra.Command, args []string) error {
			if o.storage != "" {
				return a.recoverStorage(c.Context(), args, &o)
			}
			if len(args) > 0 || c.Flags().Changed("idle") || c.Flags().Changed("spool") {
				return usageError{errors.New("LOG, --idle and --spool are for --storage")}
			}
			return a.runRecover(c.Context())
		},
	}
	a.configFlag(c)
	c.Flags().StringVar(&o.storage, "storage", "", "finish what another machine has left at `URL`")
	c.Flags().DurationVar(&o.idle, "idle", defaultIdle, "leave alone what something was sent of within this time")
	c.Flags().StringVar(&o.spool, "spool", "", "`FOLDER` for logs until they are uploaded; by default a temporary one")
	return c
}

func (a *app) runRecover(ctx context.Context) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if !recorded(cfg) {
		return fmt.Errorf("this configuration records nothing (audit.enable, audit.format, audit.storage)")
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	rec, kept, err := openRecorder(ctx, cfg, slog.New(slog.DiscardHandler), false)
	if err != nil {
		return err
	}
	failed := 0
	for _, r := range rec.Recoveries() {
		if r.Err != nil {
			failed++
			fmt.Fprintf(a.out, "%s: left as it is: %v\n", r.Log, r.Err)
			continue
		}
		fmt.Fprintf(a.out, "%s: %s, %d messages saved\n", r.Log, r.Verdict, r.Saved)
	}
	if err := rec.Close(ctx, "recovered"); err != nil {
		return errors.Join(err, kept.close(ctx))
	}
	orphans, err := a.tellOrphans(ctx, cfg, kept)
	if err != nil {
		return errors.Join(err, kept.close(ctx))
	}
	if len(rec.Recoveries())+orphans == 0 {
		fmt.Fprintln(a.out, "nothing to recover")
	}
	if err := kept.close(ctx); err != nil {
		return err
	}
	if failed+orphans > 0 {
		return exit(statusFailed)
	}
	return nil
}

// tellOrphans names the unfinished logs that nobody writes and whose journal is not
// here: another gateway's, or one that was removed.
func (a *app) tellOrphans(ctx context.Context, cfg *config.Config, kept *keeping) (n int, err error) {
	for _, p := range kept.places {
		list := p.store.List(ctx, "")
		if s, ok := p.store.(*s3.Store); ok {
			list = s.Here(ctx) // others write to the bucket too, and this gateway may not even list it
		}
		for info, err := range list {
			if err != nil {
				return n, err
			}
			if info.Finished {
				continue
			}
			r, err := p.store.Open(ctx, info.Name)
			if err != nil {
				return n, err
			}
			inUse := r.Open()
			r.Close()
			if !inUse {
				n++
				fmt.Fprintf(a.out, "%s: left as it is: unfinished, and its journal is not in %s: recover it with the journal of the gateway that wrote it\n", info.Name, journalFolder(cfg))
			}
		}
	}
	return n, nil
}
