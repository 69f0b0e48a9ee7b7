package main

import (
	"context"
	"fmt"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func (a *app) recover() *cobra.Command {
	c := &cobra.Command{
		Use:   "recover",
		Short: "Finish what a crash left, without serving",
		Long: `Finish the logs that a crash has left unfinished, as serve does when it starts. No
gateway may be running on the same journal.`,
		Args: usage(cobra.NoArgs),
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
	rec, err := openRecorder(ctx, cfg, slog.New(slog.DiscardHandler), false)
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
	if len(rec.Recoveries()) == 0 {
		fmt.Fprintln(a.out, "nothing to recover")
	}
	if err := rec.Close(ctx, "recovered"); err != nil {
		return err
	}
	if failed > 0 {
		return exit(statusFailed)
	}
	return nil
}
