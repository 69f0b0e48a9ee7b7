package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sshtrail/sshtrail/internal/gateway"
	"github.com/sshtrail/sshtrail/storage/file"
)

func (a *app) check() *cobra.Command {
	c := &cobra.Command{
		Use:   "check",
		Short: "Say everything that is wrong with a configuration",
		Long: `Read a configuration as serve would and say everything that is wrong with it, one
problem a line: where it is, what is wrong, and what to do. Nothing is started, and
nothing is written.`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.runCheck() },
	}
	a.configFlag(c)
	return c
}

func (a *app) runCheck() error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if _, err := connector(cfg, nil); err != nil {
		return err
	}
	if recorded(cfg) && !cfg.Embedded {
		if err := (file.Config{Directory: logsFolder(cfg)}).Validate(); err != nil {
			return err
		}
	}
	if len(cfg.SSH.HostKeys) == 0 {
		if err := gateway.CheckHostKeys(cfg.HostKeyFolder()); err != nil {
			return err
		}
	}
	name := a.configFile
	if name == "" {
		name = "the embedded default"
	}
	fmt.Fprintf(a.out, "%s is good (SHA-256 %s)\n", name, cfg.Hash())
	return nil
}
