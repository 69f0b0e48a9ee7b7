package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sshtrail/sshtrail/internal/config"
)

// stdio is where a command reads and writes.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// app is what the commands share.
type app struct {
	stdio
	configFile  string
	configGiven bool
}

// Exit statuses, beside those of a verdict.
const (
	statusFailed = 1
	statusUsage  = 2
)

// exit is an error whose message was told already, with the status to end with.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// usageError is an error in how the command was called.
type usageError struct{ error }

// run runs the command and returns its exit status.
func run(ctx context.Context, args []string, std stdio) int {
	a := &app{stdio: std}
	root := a.root()
	root.SetArgs(singleDash(args))
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	err := root.ExecuteContext(ctx)
	var status exit
	var usage usageError
	var problems config.Problems
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &problems): // each has its file and line, for editors
		fmt.Fprintln(std.err, problems)
		return statusFailed
	case errors.As(err, &usage):
		fmt.Fprintf(std.err, "sshtrail: %s\nRun 'sshtrail help' for how it is used.\n", harmless(err.Error()))
		return statusUsage
	}
	fmt.Fprintf(std.err, "sshtrail: %s\n", harmless(err.Error()))
	return statusFailed
}

// root is the list of what the binary can do.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "sshtrail",
		Short:         "An SSH gateway that records everything as evidence",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          usage(cobra.NoArgs),
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		a.serve(),
		a.check(),
		a.ls(),
		a.show(),
		a.decode(),
		a.export(),
		a.play(),
		a.verify(),
		a.recover(),
		a.hashPassword(),
		a.sftpServer(),
	)
	return root
}

// noArguments is for commands that take a configuration and nothing else.
func noArguments(c *cobra.Command, given []string) error {
	if len(given) > 0 {
		return usageError{fmt.Errorf("%s takes no argument: name a configuration with --config FILE", c.CommandPath())}
	}
	return nil
}

// usage makes what is wrong with the arguments a matter of usage.
func usage(args cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		if err := args(c, given); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// singleDash lets ContainerSSH's -file and -config through, which are no short flags.
func singleDash(args []string) []string {
	out := append([]string(nil), args...)
	for i, arg := range out {
		if arg == "--" {
			break
		}
		if name, _, _ := strings.Cut(arg, "="); name == "-file" || name == "-config" {
			out[i] = "-" + arg
		}
	}
	return out
}

func (a *app) configFlag(c *cobra.Command) {
	c.Flags().Func("config", "configuration `FILE`; without one: this machine's shell, for you, on the loopback", func(file string) error {
		a.configFile, a.configGiven = file, true
		return nil
	})
	c.MarkFlagFilename("config", "yaml", "yml", "json")
}

// config returns the configuration that the flag names, or the embedded default.
func (a *app) config() (*config.Config, error) {
	if a.configGiven && a.configFile == "" {
		return nil, usageError{errors.New("--config is empty: name a file, or leave it out for the embedded default")}
	}
	if a.configFile != "" {
		return config.Load(a.configFile)
	}
	state, err := config.StateFolder(os.Getenv)
	if err != nil {
		return nil, err
	}
	return config.Default(state), nil
}

// isTerminal reports whether w is shown to a person.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// self is the absolute path of this program.
func self() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	return filepath.EvalSymlinks(path)
}
