package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/sshtrail/sshtrail/codec/asciicast"
)

// exportOptions are the flags of export.
type exportOptions struct {
	to       string
	version  int
	channel  *uint64 // nil: all
	from     time.Duration
	until    time.Duration // 0: the end
	output   string        // empty or -: standard output
	force    bool
	versions bool // the version was asked for
}

func (a *app) export() *cobra.Command {
	var o exportOptions
	var channel uint64
	c := &cobra.Command{
		Use:   "export LOG --to FORMAT",
		Short: "Write a log in another format: asciicast, json",
		Long: `Write what is in a log for other programs.

  asciicast  what one session printed, for asciinema and the players on the web; what was
             typed too, if it was recorded. Bytes that are no UTF-8 become U+FFFD.
  json       what decode prints, and for a log that is still written also what is in
             no block yet.

A log may have several sessions: --channel names one, and -o FOLDER/ has a file made for
each, ID.CHANNEL.cast. Times (--from, --to-time) are since the beginning of the session, or
with json and without --channel since that of the log. What a cast has from before --from
comes at its very beginning, so that the screen is right.

Files appear when they are whole, and no file is overwritten without --force. Of a log that
is damaged or cut what is good is exported, and the exit status is that of verify.
` + logHelp,
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completeLog,
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("channel") {
				o.channel = &channel
			}
			o.versions = c.Flags().Changed("version")
			if err := o.check(c.Flags().Changed("to-time")); err != nil {
				return usageError{err}
			}
			return a.runExport(c.Context(), args[0], &o)
		},
	}
	a.configFlag(c)
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "the `FORMAT`: asciicast or json")
	f.IntVar(&o.version, "version", int(asciicast.V2), "`VERSION` of asciicast: 2, or 3 (for asciinema 3)")
	f.Uint64Var(&channel, "channel", 0, "export channel `N` only, as show numbers them")
	f.DurationVar(&o.from, "from", 0, "leave out what is before this `TIME`, as in 1m30s")
	f.DurationVar(&o.until, "to-time", 0, "leave out what is after this `TIME`")
	f.StringVarP(&o.output, "output", "o", "", "write to this `FILE`, or into this folder; - is standard output")
	f.BoolVar(&o.force, "force", false, "overwrite files")
	return c
}

// check says what is wrong with the flags.
func (o *exportOptions) check(until bool) error {
	const built = "asciicast and json can be had"
	switch o.to {
	case "asciicast", "json":
	case "":
		return errors.New("--to FORMAT is missing: " + built)
	case "text", "svg", "html":
		return fmt.Errorf("--to %s is not built yet: %s", o.to, built)
	default:
		return fmt.Errorf("--to %q: %s", o.to, built)
	}
	switch {
	case o.versions && o.to != "asciicast":
		return errors.New("--version is for --to asciicast: leave it out")
	case o.version != int(asciicast.V2) && o.version != int(asciicast.V3):
		return fmt.Errorf("--version %d: asciicast has the versions 2 and 3", o.version)
	case o.from < 0:
		return fmt.Errorf("--from %s: give a time since the beginning, as in 1m30s", o.from)
	case until && o.until <= o.from:
		return fmt.Errorf("--to-time %s: give a time after --from %s", o.until, o.from)
	}
	return nil
}

func (a *app) runExport(ctx context.Context, arg string, o *exportOptions) error {
	frugal()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()                 // with Ctrl-C too no part of a file is left behind
	context.AfterFunc(ctx, stop) // a second one ends the process at once
	out, err := a.exportTo(o.output, o.force)
	if err != nil {
		return err
	}
	defer out.abandon()
	src, err := a.openLog(ctx, arg)
	if err != nil {
		return err
	}
	defer src.Close()
	if o.to == "json" {
		err = a.exportJSON(ctx, src, o, out)
	} else {
		err = a.exportCasts(ctx, src, o, out)
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: interrupted", word(src.name))
	}
	return err
}

// exportBar is the progress bar, unless the output is on the same terminal.
func (a *app) exportBar(out *outputs) *progress {
	if out.standard() && isTerminal(a.out) {
		return &progress{}
	}
	return newProgress(a.err)
}
