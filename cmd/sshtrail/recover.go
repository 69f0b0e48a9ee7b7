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
)

func (a *app) recover() *cobra.Command {
	c := &cobra.Command{
		Use:   "recover",
		Short: "Finish what a crash left, without serving",
		Long: `Finish the logs that a crash has left unfinished, as serve does when it starts.
What a gateway is at work on now is left to it.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return a.runRecover(c.Context()) },
	}
	a.configFlag(c)
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
		for info, err := range p.store.List(ctx, "") {
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
