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
	at       time.Duration // -1: the end
	output   string        // empty or -: standard output
	force    bool
	versions bool // the version was asked for
}

func (a *app) export() *cobra.Command {
	var o exportOptions
	var channel uint64
	var at string
	c := &cobra.Command{
		Use:   "export LOG --to FORMAT",
		Short: "Write a log in another format: text, html, svg, asciicast, json",
		Long: `Write what is in a log for people and other programs.

  text       what was to be read in one session, each line once, with its time; programs that
             take the whole screen as screens, when these had rested for a second.
  html       a page that plays one session, with all that happened beside it: one file, that
             needs a browser and no network.
  svg        a picture of one screen, at the end or --at a time.
  asciicast  what one session printed, for asciinema and the players on the web; what was
             typed too, if it was recorded. Bytes that are no UTF-8 become U+FFFD.
  json       what decode prints, and for a log that is still written also what is in
             no block yet.

A log may have several sessions: --channel names one, and -o FOLDER/ has a file made for
each, ID.CHANNEL.cast and the like. Times (--from, --to-time, --at) are since the beginning of the
session, or with json and without --channel since that of the log. What was on the screen
at --from is there at the very beginning.

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
			err := o.check(c.Flags().Changed("to-time"), c.Flags().Changed("at"))
			if err == nil {
				o.at, err = atTime(at)
			}
			if err != nil {
				return usageError{err}
			}
			return a.runExport(c.Context(), args[0], &o)
		},
	}
	a.configFlag(c)
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "the `FORMAT`: text, html, svg, asciicast or json")
	f.IntVar(&o.version, "version", int(asciicast.V2), "`VERSION` of asciicast: 2, or 3 (for asciinema 3)")
	f.Uint64Var(&channel, "channel", 0, "export channel `N` only, as show numbers them")
	f.DurationVar(&o.from, "from", 0, "leave out what is before this `TIME`, as in 1m30s")
	f.DurationVar(&o.until, "to-time", 0, "leave out what is after this `TIME`")
	f.StringVar(&at, "at", "end", "draw the screen of this `TIME`, as in 1m30s")
	f.StringVarP(&o.output, "output", "o", "", "write to this `FILE`, or into this folder; - is standard output")
	f.BoolVar(&o.force, "force", false, "overwrite files")
	return c
}

// check says what is wrong with the flags, of which some were given.
func (o *exportOptions) check(until, at bool) error {
	const formats = "text, html, svg, asciicast and json can be had"
	switch o.to {
	case "text", "html", "svg", "asciicast", "json":
	case "":
		return errors.New("--to FORMAT is missing: " + formats)
	default:
		return fmt.Errorf("--to %q: %s", o.to, formats)
	}
	switch {
	case o.versions && o.to != "asciicast":
		return errors.New("--version is for --to asciicast: leave it out")
	case o.version != int(asciicast.V2) && o.version != int(asciicast.V3):
		return fmt.Errorf("--version %d: asciicast has the versions 2 and 3", o.version)
	case at && o.to != "svg":
		return errors.New("--at is for --to svg: leave it out")
	case o.to == "svg" && (o.from != 0 || until):
		return errors.New("--to svg draws one screen: say which one with --at TIME, in place of --from and --to-time")
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
	switch o.to {
	case "json":
		err = a.exportJSON(ctx, src, o, out)
	case "asciicast":
		err = a.exportCasts(ctx, src, o, out)
	default:
		err = a.exportViews(ctx, src, o, out)
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
