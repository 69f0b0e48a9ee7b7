package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sshtrail/sshtrail/codec/asciicast"
	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/verify"
)

type verifyOptions struct {
	strict bool
	digest string
	asJSON bool
}

func (a *app) verify() *cobra.Command {
	var o verifyOptions
	c := &cobra.Command{
		Use:   "verify LOG…",
		Short: "Say whether logs are whole and unchanged",
		Long: `Check every byte of each log and print one line for it, which begins with the verdict:

  complete   whole, and every byte is as it was written
  recovered  the same, and finished by recovery after the gateway had stopped suddenly
  foreign    written by ContainerSSH, whose logs can't be checked; bad with --strict
  open       being written just now; what is there is good
  truncated  the end is missing; what is there is good
  tampered   changed after it was written
  not a log  something else
  cast       a cast under its own name, ID.CHANNEL.cast, which is passed over: there is nothing
             in it that could be checked

Behind it stand the digest of the whole log, its name, how many messages are good, and
where and why the checking stopped. Who can rewrite a log can rewrite all of it: only a
digest that was kept elsewhere (--digest) finds that.

The exit status is the highest of all logs': 0 for the first three, 1 for what is not a
log or can't be read, 3 for open and truncated, 4 for tampered. It is 1 too if there was
no log among what was named, but casts alone.
` + logHelp,
		Args: usage(func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("name at least one LOG to verify")
			}
			return nil
		}),
		ValidArgsFunction: a.completeLog,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.check(c, args); err != nil {
				return usageError{err}
			}
			return a.runVerify(c.Context(), args, &o)
		},
	}
	a.configFlag(c)
	c.Flags().BoolVar(&o.strict, "strict", false, "a foreign log has status 4, as a tampered one")
	c.Flags().StringVar(&o.digest, "digest", "", "the log must have this digest: `HEX`, as verify printed it")
	c.Flags().BoolVar(&o.asJSON, "json", false, "one JSON object a line")
	return c
}

func (o *verifyOptions) check(c *cobra.Command, args []string) error {
	if !c.Flags().Changed("digest") {
		return nil
	}
	if sum, err := hex.DecodeString(o.digest); err != nil || len(sum) != 32 {
		return fmt.Errorf("--digest %q: give the 64 hexadecimal digits that verify printed", o.digest)
	}
	o.digest = strings.ToLower(o.digest)
	if len(args) > 1 {
		return errors.New("--digest is for one log: name that one only")
	}
	return nil
}

func (a *app) runVerify(ctx context.Context, args []string, o *verifyOptions) error {
	frugal()
	out := bufio.NewWriter(a.out)
	bar := newProgress(a.err)
	scr := screenOf(a.out, os.Getenv)
	lib := a.library()
	worst, logs := 0, 0
	for _, arg := range args {
		line, err := verifyOne(ctx, lib, arg, o, bar)
		if lib.err != nil || ctx.Err() != nil {
			return err // no other log will fare better
		}
		if err != nil {
			fmt.Fprintf(a.err, "sshtrail: %s\n", harmless(err.Error()))
		}
		worst = max(worst, line.Status)
		if line.Verdict != castVerdict {
			logs++
		}
		if o.asJSON {
			err = writeJSON(out, line, "")
		} else {
			_, err = fmt.Fprintln(out, line.text(scr))
		}
		if err == nil {
			err = out.Flush()
		}
		if err != nil {
			return writing(err)
		}
	}
	if logs == 0 {
		fmt.Fprintln(a.err, "sshtrail: nothing was verified: casts are views, and what they show is as good as the log they were made with")
		return exit(statusFailed)
	}
	if worst > 0 {
		return exit(worst)
	}
	return nil
}

// verified is what verify tells of one log, in the keys of its JSON.
type verified struct {
	Log      string        `json:"log"`
	Verdict  string        `json:"verdict"` // "error" with Error
	Status   int           `json:"status"`
	Digest   *string       `json:"digest"`
	Messages uint64        `json:"messages"` // that are good
	Blocks   int           `json:"blocks"`
	Bytes    int64         `json:"bytes"`
	Fault    *faultAccount `json:"fault"`
	Error    *string       `json:"error"`

	verdict binary.Verdict
}

// verifyOne verifies one log. An error is in what it returns too.
func verifyOne(ctx context.Context, lib *library, arg string, o *verifyOptions, bar *progress) (*verified, error) {
	v := &verified{Log: arg, Verdict: noVerdict, Status: statusFailed}
	fail := func(err error) (*verified, error) {
		why := err.Error()
		v.Error = &why
		return v, err
	}
	src, err := lib.open(ctx, arg)
	if err != nil {
		return fail(err)
	}
	defer src.Close()
	v.Log = src.name
	if _, _, named := asciicast.ParseName(filepath.Base(src.name)); named && o.digest == "" && src.isCast() {
		v.Verdict, v.verdict, v.Status = castVerdict, binary.Foreign, 0
		return v, nil
	}
	bar.begin(word(src.name), src.size)
	report, err := verify.Log(ctx, src.r, verify.Options{Strict: o.strict, Digest: o.digest, Open: src.open, Parallel: src.parallel(), Progress: bar.done})
	bar.end()
	if err != nil {
		return fail(fmt.Errorf("%s: %w", word(src.name), err))
	}
	v.of(&report)
	return v, nil
}

func (v *verified) of(r *verify.Report) {
	v.verdict, v.Verdict, v.Status = r.Verdict, r.Verdict.String(), r.Status
	v.Messages, v.Blocks, v.Bytes = r.Messages, r.Blocks, r.Bytes
	if r.Digest != "" {
		v.Digest = &r.Digest
	}
	v.Fault = faultOf(r.Fault)
}

// text is the line for a person, or a program: the verdict begins it.
func (v *verified) text(s screen) string {
	digest := "-"
	if v.Digest != nil {
		digest = *v.Digest
	}
	line := fmt.Sprintf("%s  %s  %s  ", s.paint(verdictColour(v.verdict), fmt.Sprintf("%-9s", v.Verdict)), digest, word(v.Log))
	if v.Verdict == castVerdict {
		return line + "passed over: a view of a terminal, in which nothing can be checked"
	}
	if v.Error != nil {
		return line + strings.ReplaceAll(harmless(*v.Error), "\n", " ")
	}
	line += counted(v.Messages, "message")
	if v.Fault != nil {
		line += "; " + v.Fault.String()
	}
	return line
}
