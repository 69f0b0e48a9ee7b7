package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/sshtrail/sshtrail/event"
)

func (a *app) show() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show LOG",
		Short: "Give a readable account of one log",
		Long: `Say who connected, how they were let in, and what happened then. A picture shows when
something passed, by a logarithm of how much; a long time in which nothing did is ╌╌╌. Below it are
the programs, files, and forwarded connections, and then all events in the order of time.

What programs read and printed is counted, not shown: decode has it all. Files are told of
scp and SFTP as far as what passed was recorded and makes sense; it was written by those who
are recorded, and who wants to hide a file can call it otherwise. Times are UTC.
The whole log is checked; the exit status is that of verify. Texts that could be
mistaken or would act on a terminal are quoted as in Go's source; in the JSON, what is
not UTF-8 is U+FFFD.
` + logHelp,
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completeLog,
		RunE: func(c *cobra.Command, args []string) error {
			return a.runShow(c.Context(), args[0], asJSON)
		},
	}
	a.configFlag(c)
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON document: what is known of the log, its logins, channels and refusals")
	return c
}

func (a *app) runShow(ctx context.Context, arg string, asJSON bool) error {
	frugal()
	src, err := a.openLog(ctx, arg)
	if err != nil {
		return err
	}
	defer src.Close()
	if err := src.noCast(); err != nil {
		return err
	}
	acc := newAccount(src.name)
	out := bufio.NewWriter(a.out)
	bar := newProgress(a.err)
	if asJSON || src.at != nil { // else the timeline is what is seen
		bar.begin(word(src.name), src.size)
		src.r = bar.watch(src.r)
		defer bar.end()
	}
	switch {
	case asJSON:
		if err = acc.read(ctx, src, src.r, nil); err == nil {
			err = writeJSON(out, acc, "  ")
		}
	case src.at != nil:
		err = a.showTwice(ctx, out, src, acc, bar)
	default:
		err = a.showOnce(ctx, out, src, acc)
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return failedOn(src, err)
	}
	return status(acc.verdict)
}

// showTwice reads a file twice, so that the account comes first.
func (a *app) showTwice(ctx context.Context, out *bufio.Writer, src *source, acc *account, bar *progress) error {
	if err := acc.read(ctx, src, src.r, nil); err != nil {
		return err
	}
	bar.end()
	scr := screenOf(a.out, os.Getenv)
	acc.print(out, scr)
	acc.draw(out, scr)
	acc.sections(out, scr)
	if acc.Messages == 0 {
		return nil
	}
	fmt.Fprintln(out)
	line := newTimeline(out, scr, acc.several())
	if _, err := src.readEvents(ctx, io.NewSectionReader(src.at, 0, src.size), line.observe); err != nil {
		return err
	}
	line.finish()
	acc.printEnd(out, scr)
	return nil
}

// showOnce reads what can be read once only: the account comes last.
func (a *app) showOnce(ctx context.Context, out *bufio.Writer, src *source, acc *account) error {
	scr := screenOf(a.out, os.Getenv)
	line := newTimeline(out, scr, false)
	if err := acc.read(ctx, src, src.r, func(ev *event.Event) {
		line.several = acc.several()
		line.observe(ev)
	}); err != nil {
		return err
	}
	line.finish()
	acc.printEnd(out, scr)
	fmt.Fprintln(out)
	acc.print(out, scr)
	acc.draw(out, scr)
	acc.sections(out, scr)
	return nil
}
