package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sshtrail/sshtrail/codec/binary"
)

func (a *app) decode() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "decode LOG",
		Short: "Print a log as JSON, one event a line",
		Long: `Print every event of a log as one JSON object a line: ContainerSSH's seven keys, then
seq, time, and extension and data for what ContainerSSH has no event for. Bytes are in
base64. Only events of blocks that are whole and checked are printed; where the verdict
is not a good one the last line is {"error": …}, and the exit status is that of verify.
` + logHelp,
		Args: usage(func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("file") {
				return cobra.NoArgs(c, args)
			}
			return cobra.ExactArgs(1)(c, args)
		}),
		ValidArgsFunction: a.completeLog,
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("file") {
				return a.runDecode(c.Context(), func() (*source, error) { return openFile(file) })
			}
			return a.runDecode(c.Context(), func() (*source, error) { return a.openLog(c.Context(), args[0]) })
		},
	}
	a.configFlag(c)
	c.Flags().StringVar(&file, "file", "", "decode `FILE`; -file is the same, as in ContainerSSH")
	return c
}

// decodeBuffer is how much JSON is written at once.
const decodeBuffer = 256 << 10

func (a *app) runDecode(ctx context.Context, open func() (*source, error)) error {
	frugal()
	out := bufio.NewWriterSize(a.out, decodeBuffer)
	src, err := open()
	if err != nil {
		return errors.Join(errorLine(out, err), err)
	}
	defer src.Close()
	if err := src.noCast(); err != nil {
		return errors.Join(errorLine(out, err), err)
	}
	b, lines := binary.NewReader(src.r), newJSONLines(out)
	b.Parallel(src.parallel(), appendLine)
	how, err := src.readFrom(ctx, b, func(m *binary.Message) error {
		if line := b.Rendered(); line != nil {
			_, err := out.Write(line)
			return err
		}
		return lines.print(m)
	})
	return a.endDecode(out, src, how, err)
}

// jsonLines writes messages as JSON, one a line.
type jsonLines struct {
	out  *bufio.Writer
	safe safeJSON
	buf  []byte
}

func newJSONLines(out *bufio.Writer) *jsonLines { return &jsonLines{out: out, safe: safeJSON{w: out}} }

func (j *jsonLines) print(m *binary.Message) (err error) {
	if j.buf, err = m.WriteJSON(&j.safe, j.buf); err != nil {
		return err
	}
	return j.out.WriteByte('\n')
}

// appendLine appends what print prints.
func appendLine(dst []byte, m *binary.Message) []byte {
	start := len(dst)
	dst = m.AppendJSON(dst)
	if line := dst[start:]; asciiPrefix(line) < len(line) {
		dst = append(dst[:start], appendSafeJSON(nil, line)...)
	}
	return append(dst, '\n')
}

// endDecode ends the output as the reading of the log has ended.
func (a *app) endDecode(out *bufio.Writer, src *source, how reading, err error) error {
	if err != nil {
		return a.decodeFailed(out, src, err)
	}
	if how.fault == nil {
		return failedOn(src, out.Flush())
	}
	return a.decodeFailed(out, src, how.fault)
}

// decodeFailed ends the output with an error, as ContainerSSH's decoder does.
func (a *app) decodeFailed(out *bufio.Writer, src *source, err error) error {
	if err := errorLine(out, err); err != nil {
		return err
	}
	var fault *binary.Fault
	if !errors.As(err, &fault) {
		return failedOn(src, err)
	}
	return a.tellFault(src, fault)
}

// tellFault says where and why a log ended early, and returns the status for that.
func (a *app) tellFault(src *source, fault *binary.Fault) error {
	fmt.Fprintf(a.err, "sshtrail: %s: %s\n", word(src.name), harmless(fault.Error()))
	return status(fault.Verdict)
}

func errorLine(out *bufio.Writer, err error) error {
	if err := writeJSON(out, map[string]string{"error": err.Error()}, ""); err != nil {
		return writing(err)
	}
	if err := out.Flush(); err != nil {
		return writing(err)
	}
	return nil
}

// failedOn says which log an error is about.
func failedOn(src *source, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.EPIPE) {
		return writing(err)
	}
	return fmt.Errorf("%s: %w", word(src.name), err)
}

// writing is the error of an output that can't be written. That nobody reads it any
// more, as with head, needs no message.
func writing(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return exit(statusFailed)
	}
	return fmt.Errorf("write output: %w", err)
}
