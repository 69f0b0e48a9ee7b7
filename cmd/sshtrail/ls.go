package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sshtrail/sshtrail/storage"
)

// lsOptions are what ls was asked for.
type lsOptions struct {
	asJSON bool
	last   int
	since  since
}

func (a *app) ls() *cobra.Command {
	var o lsOptions
	c := &cobra.Command{
		Use:   "ls [STORE]",
		Short: "List logs",
		Long: `List the logs of a store, oldest first: id, start (UTC), user, from, duration, what
ran, size, verdict, casts. STORE is a folder
or s3://BUCKET/PREFIX; without one it is the configuration's store.

Only the two ends of each log are read, and the verdict is what these say: complete,
recovered, open, truncated, foreign. verify checks every byte. Casts beside their log are
counted, others are listed: with the title in place of the user, and the verdict cast.

On a terminal the columns fit its width and ids are shortened to their first 16 digits,
which is still enough to name a log. Elsewhere a line has all columns, separated by
tabs; duration is in seconds and size in bytes. Texts that could be mistaken or would act
on a terminal are quoted as in Go's source. What is not a text from the log, as
(shell), is in parentheses. The gateway's own logs have the user (gateway).`,
		Args:              usage(cobra.MaximumNArgs(1)),
		ValidArgsFunction: completeStore,
		RunE: func(c *cobra.Command, args []string) error {
			if o.last < 0 || c.Flags().Changed("last") && o.last == 0 {
				return usageError{fmt.Errorf("--last %d: give a number above 0", o.last)}
			}
			return a.runLs(c.Context(), args, &o)
		},
	}
	a.configFlag(c)
	c.Flags().BoolVar(&o.asJSON, "json", false, "one JSON object a line, with all of each log's summary")
	c.Flags().IntVar(&o.last, "last", 0, "list only the newest `N` logs")
	c.Flags().Var(&o.since, "since", "list only logs that began at this `TIME` or later: 2026-01-31, 2026-01-31T12:00:00Z, or 36h for so long ago")
	return c
}

func (a *app) runLs(ctx context.Context, args []string, o *lsOptions) error {
	frugal()
	store, journal, err := a.storeNamed(args)
	if err != nil {
		return err
	}
	return a.list(ctx, store, journal, o)
}

// list prints the logs of a store that o asks for.
func (a *app) list(ctx context.Context, store shelf, journal string, o *lsOptions) error {
	show := a.rowPrinter(o.asJSON)
	bad, some := 0, false
	visit := func(each func(stored) error) error {
		if o.last > 0 {
			return eachOfLast(ctx, store, o.since.name(), o.last, each)
		}
		return eachListed(ctx, store, o.since.name(), each)
	}
	err := inOrder(atOnce(store), visit, func(l stored) *logRow { return readRow(ctx, store, journal, l) }, func(row *logRow) error {
		some = true
		if row.Error != nil {
			bad++
		}
		return show(row)
	})
	switch {
	case errors.Is(err, syscall.EPIPE): // nobody reads on
		return exit(statusFailed)
	case err != nil:
		return err
	case bad > 0:
		fmt.Fprintf(a.err, "sshtrail: %s could not be read\n", counted(uint64(bad), "log"))
		return exit(statusFailed)
	case !some:
		fmt.Fprintln(a.err, "sshtrail: no logs yet")
	}
	return nil
}

// storeNamed returns the store that a STORE argument names, or the configuration's with
// its journal's folder.
func (a *app) storeNamed(args []string) (s shelf, journal string, err error) {
	if len(args) == 0 {
		s, journal, missing, err := a.store()
		if err == nil {
			err = missing
		}
		return s, journal, err
	}
	path := args[0]
	if isS3(path) {
		s, err := a.openPrefix(path)
		return s, "", err
	}
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return nil, "", fmt.Errorf("%q is no folder; of one log, 'sshtrail show' gives an account", path)
	}
	s, err = openFolder(path)
	return s, "", err
}

func eachLog(ctx context.Context, s shelf, from storage.Name, each func(storage.Info) error) error {
	for info, err := range s.List(ctx, from) {
		if err != nil {
			return err
		}
		if err := each(info); err != nil {
			return err
		}
	}
	return nil
}

// eachOfLast is eachListed for the last n, of which it keeps no more.
func eachOfLast(ctx context.Context, s shelf, from storage.Name, n int, each func(stored) error) error {
	var ring []stored
	at := 0
	if err := eachListed(ctx, s, from, func(l stored) error {
		if len(ring) < n {
			ring = append(ring, l)
			return nil
		}
		ring[at] = l
		at = (at + 1) % n
		return nil
	}); err != nil {
		return err
	}
	for i := range ring {
		if err := each(ring[(at+i)%len(ring)]); err != nil {
			return err
		}
	}
	return nil
}

// rowPrinter returns what prints a row, at once, so that the first one is seen while the
// others are still being read.
func (a *app) rowPrinter(asJSON bool) func(*logRow) error {
	s := screenOf(a.out, os.Getenv)
	switch {
	case asJSON:
		return func(r *logRow) error { return writeJSON(a.out, r, "") }
	case s.terminal:
		t := newLogTable(s)
		return a.afterHead(t.head(), t.line)
	}
	return a.afterHead(strings.ReplaceAll("id start user from duration ran size verdict casts", " ", "\t"), tabbed)
}

// afterHead prints the head of a table before its first row.
func (a *app) afterHead(head string, line func(*logRow) string) func(*logRow) error {
	first := true
	return func(r *logRow) error {
		text := line(r) + "\n"
		if first {
			first, text = false, head+"\n"+text
		}
		_, err := fmt.Fprint(a.out, text)
		return err
	}
}

// logColumns are the columns of the list.
var logColumns = []column{
	{name: "id", least: 16, most: 16},
	{name: "start", least: 16, most: 20},
	{name: "user", least: 9, most: 16},
	{name: "from", least: 15, most: 39, need: useful},
	{name: "duration", least: 8, most: 8, right: true, need: luxury},
	{name: "ran", least: 10, good: 20},
	{name: "size", least: 6, most: 6, right: true, need: luxury},
	{name: "casts", least: 5, most: 5, right: true, need: luxury},
	{name: "verdict", least: 9, most: 9},
}

// logTable is the list on a terminal.
type logTable struct {
	screen screen
	layout layout
}

func newLogTable(s screen) *logTable { return &logTable{s, newLayout(logColumns, s.width)} }

func (t *logTable) head() string {
	return t.screen.paint(faint, t.join(func(c *column) string { return c.name }, nil))
}

func (t *logTable) line(r *logRow) string {
	return t.join(func(c *column) string { return r.cell(c) }, func(c *column) string { return r.colour(c) })
}

func (t *logTable) join(text, colour func(*column) string) string {
	var parts []string
	for i := range t.layout.cols {
		c := &t.layout.cols[i]
		cell := c.cell(text(c), i == len(t.layout.cols)-1)
		if colour != nil {
			cell = t.screen.paint(colour(c), cell)
		}
		parts = append(parts, cell)
	}
	return strings.Join(parts, strings.Repeat(" ", t.layout.gutter))
}

// cell is the row's text for a person.
func (r *logRow) cell(c *column) string {
	switch c.name {
	case "id":
		return shortID(string(r.Log))
	case "start":
		switch {
		case r.Start == nil:
			return "-"
		case c.width < len("2006-01-02T15:04:05Z"):
			return utc(r.start)[:len("2006-01-02T15:04")]
		}
		return utc(r.start)
	case "user":
		return r.user()
	case "from":
		return r.from()
	case "duration":
		if r.DurationNs == nil {
			return "-"
		}
		return lasting(*r.DurationNs)
	case "ran":
		return r.ran()
	case "size":
		return sized(r.Size)
	case "casts":
		if r.Casts == 0 {
			return ""
		}
		return r.beside()
	}
	return r.Verdict
}

// beside is how many casts a log has.
func (r *logRow) beside() string {
	if r.Casts == 0 {
		return "-"
	}
	return strconv.FormatUint(r.Casts, 10)
}

func (r *logRow) colour(c *column) string {
	switch {
	case c.name == "verdict" && r.Verdict == castVerdict:
		return cyan
	case c.name == "verdict":
		return verdictColour(r.verdict)
	case c.name == "user" && !r.GatewayLog:
		return bold
	case c.name == "ran" && r.Error == nil:
		return ""
	case c.name == "ran":
		return red
	}
	return faint
}

// tabbed is a row for a program: all columns, not shortened, with a tab between them.
func tabbed(r *logRow) string {
	start, duration := "-", "-"
	if r.Start != nil {
		start = utc(r.start)
	}
	if r.DurationNs != nil {
		duration = strconv.FormatFloat(float64(*r.DurationNs)/1e9, 'f', 3, 64)
	}
	return strings.Join([]string{
		string(r.Log), start, r.user(), r.from(), duration, r.ran(), strconv.FormatInt(r.Size, 10), r.Verdict, r.beside(),
	}, "\t")
}
