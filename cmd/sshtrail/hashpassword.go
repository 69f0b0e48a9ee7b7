package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sshtrail/sshtrail/internal/auth"
)

func (a *app) hashPassword() *cobra.Command {
	return &cobra.Command{
		Use:   "hash-password",
		Short: "Make the hash of a password for the configuration",
		Long: `Read a password, from the terminal or the first line of standard input, and print its
argon2id hash for auth.users[].password.`,
		Args: func(_ *cobra.Command, given []string) error {
			if len(given) > 0 { // not repeated: it may be one
				return usageError{errors.New("the password is read from the terminal or standard input, not from arguments")}
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error {
			password, err := a.readPassword()
			if err != nil {
				return err
			}
			hash, err := auth.HashPassword(password)
			if err != nil {
				return err
			}
			fmt.Fprintln(a.out, hash)
			return nil
		},
	}
}

func (a *app) readPassword() ([]byte, error) {
	f, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		line, err := bufio.NewReader(a.in).ReadBytes('\n')
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("read password: %w", err)
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return nil, errors.New("the password is empty: give one on standard input")
		}
		return line, nil
	}
	first, err := a.ask(f, "Password: ")
	if err != nil {
		return nil, err
	}
	second, err := a.ask(f, "Again: ")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, second) {
		return nil, errors.New("the two passwords differ")
	}
	return first, nil
}

func (a *app) ask(f *os.File, prompt string) ([]byte, error) {
	before, err := term.GetState(int(f.Fd()))
	if err != nil {
		return nil, fmt.Errorf("read password: %w", err)
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(interrupted)
	go func() { // ends with the process, or never: then nobody waits for it
		<-interrupted
		term.Restore(int(f.Fd()), before) // or the shell would show nothing that is typed
		os.Exit(statusFailed)
	}()
	fmt.Fprint(a.err, prompt)
	password, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(a.err)
	if err != nil {
		return nil, fmt.Errorf("read password: %w", err)
	}
	return password, nil
}
