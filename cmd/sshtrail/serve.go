package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"os/user"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/auth"
	"github.com/sshtrail/sshtrail/internal/config"
	"github.com/sshtrail/sshtrail/internal/gateway"
	"github.com/sshtrail/sshtrail/internal/handover"
	"github.com/sshtrail/sshtrail/internal/metrics"
	"github.com/sshtrail/sshtrail/internal/quiet"
	"github.com/sshtrail/sshtrail/record"
)

func (a *app) serve() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the gateway",
		Long: `Run the gateway until it is told to stop by SIGTERM or Ctrl-C: it then takes no new
connections, lets sessions finish for ssh.shutdownGrace, and completes the logs. A
second signal ends it at once; the logs are finished at the next start then.

SIGUSR2 upgrades it: the program is started anew, with its file and its configuration as
they are on the disk now, and takes all new connections, while this process finishes
the sessions that it has. If the new one can't serve, this one goes on.

Without a configuration it listens on 127.0.0.1:2222, lets you in with the keys of
your ~/.ssh (or a one-time password), runs your shell, and records what it prints.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return a.runServe(c.Context()) },
	}
	a.configFlag(c)
	return c
}

// closeTime is how long the logs may take to be finished at a stop.
const closeTime = 15 * time.Second

func (a *app) runServe(ctx context.Context) error {
	row, err := handover.Begin(sshSocket, metricsSocket)
	if err == nil {
		err = a.serveInRow(ctx, row)
	}
	if err != nil {
		row.Failed(err)
	}
	return err
}

// serveInRow serves as one in a row of processes.
func (a *app) serveInRow(ctx context.Context, row *handover.Process) error {
	process, err := harden() // before there is a secret in it
	if err != nil {
		return err
	}
	defer spacious()()
	asked := askedFor() // SIGUSR2 would end the process
	cfg, err := a.config()
	if err != nil {
		return err
	}
	// Who reads the messages may go: the gateway does not. Ignored the signal would be so in
	// every program that the backend local starts, too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	out := newMessages(a.err)
	defer out.close()
	held := quiet.New(slog.NewTextHandler(out, nil))
	defer held.Close()
	logger := slog.New(held)
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	keys, err := hostKeys(cfg)
	if err != nil {
		return err
	}
	methods, password, err := authMethods(cfg)
	if err != nil {
		return err
	}
	connect, err := connector(cfg, process.asBefore)
	if err != nil {
		return err
	}
	// Before the journal and a log are begun: a second gateway should leave no traces.
	ln, err := listen(row, sshSocket, cfg.SSH.Listen)
	if err != nil {
		return err
	}
	defer ln.Close()
	watch, err := beginWatch(row, cfg, func() metrics.Messages {
		return metrics.Messages{Dropped: out.lost.Load(), HeldBack: held.HeldBack()}
	}, logger)
	if err != nil {
		return err
	}
	defer watch.end()
	rec, kept, err := openRecorder(ctx, cfg, logger, true)
	if err != nil {
		return err
	}
	if rec == nil {
		logger.Warn("nothing is recorded, as the configuration says")
	}
	if err := row.Ready(ctx); err != nil {
		return errors.Join(err, closeRecorder(ctx, rec, kept, "stopped before it served"))
	}
	a.announce(cfg, ln.Addr(), watch.url(), keys, password)
	tellSockets(logger, row, ln, cfg.SSH.Listen)
	go func() { // ends with the process: it lets a second signal end that at once
		<-ctx.Done()
		stop()
	}()
	g := gateway.New(gateway.Parts{
		Config: cfg, HostKeys: keys, Auth: methods, Recorder: rec, Connect: connect, Logger: logger,
	})
	watch.over(g, rec, kept)
	up := &upgrades{row: row, asked: asked, around: process.asBefore, logger: logger, gateway: g}
	reason := up.serve(ctx, ln)
	logger.Info("stopped")
	return closeRecorder(ctx, rec, kept, reason)
}

// closeRecorder finishes the logs, and what is under way where they are kept. rec may be nil.
func closeRecorder(ctx context.Context, rec *record.Recorder, kept *keeping, reason string) error {
	if rec == nil {
		return nil
	}
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	return errors.Join(rec.Close(finish, reason), kept.close(finish))
}

// listen returns the service's socket of that name. The configuration has its address
// under the name and listen.
func listen(row *handover.Process, name, address string) (*handover.Listener, error) {
	ln, err := row.Listen(name, address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use: another gateway may be running; stop it, or choose another port with %s.listen", address, name)
	}
	if errors.Is(err, syscall.EACCES) {
		return nil, fmt.Errorf("%s may not be listened on by this user: choose a port above 1023 with %s.listen", address, name)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s, as %s.listen says: %w", address, name, err)
	}
	return ln, nil
}

func hostKeys(cfg *config.Config) ([]ssh.Signer, error) {
	if len(cfg.SSH.HostKeys) == 0 {
		return gateway.HostKeys(cfg.HostKeyFolder())
	}
	var keys []ssh.Signer
	for _, k := range cfg.SSH.HostKeys {
		keys = append(keys, k.Signer())
	}
	return keys, nil
}

// authMethods returns who decides about logins, and a one-time password to tell the
// caller, if there is one.
func authMethods(cfg *config.Config) (auth.Methods, string, error) {
	if !cfg.Embedded {
		users, err := auth.NewUsers(cfg.Auth.Users, time.Now)
		if err != nil {
			return auth.Methods{}, "", err
		}
		return users.Methods(), "", nil
	}
	me, err := user.Current()
	if err != nil {
		return auth.Methods{}, "", fmt.Errorf("find out who you are: %w", err)
	}
	e, err := auth.NewEmbedded(me.Username, home(me), time.Now)
	if err != nil {
		return auth.Methods{}, "", err
	}
	return e.Methods(), e.OneTimePassword(), nil
}

// home is where the caller's keys are: $HOME, as for every program that they run.
func home(me *user.User) string {
	if h := os.Getenv("HOME"); filepath.IsAbs(h) {
		return h
	}
	return me.HomeDir
}

// announce prints what matters to who started the gateway. numbers is where its metrics are, if anywhere.
func (a *app) announce(cfg *config.Config, addr net.Addr, numbers string, keys []ssh.Signer, password string) {
	host, port, _ := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); ip != nil && (ip.IsUnspecified() || ip.IsLoopback()) {
		host = "localhost"
	}
	who := ""
	if !cfg.Embedded {
		who = "USER@"
	}
	fmt.Fprintf(a.out, "connect:  ssh -p %s %s%s\n", port, who, host)
	if password != "" {
		fmt.Fprintf(a.out, "          one-time password, good for one login: %s\n", password)
	}
	if recorded(cfg) {
		fmt.Fprintf(a.out, "logs:     %s\n", logsAt(cfg))
		fmt.Fprintf(a.out, "read:     sshtrail ls%s, sshtrail show%[1]s LOG\n", a.configArgument())
	} else {
		fmt.Fprintln(a.out, "logs:     none: recording is off (audit.enable, audit.format, audit.storage)")
	}
	if numbers != "" {
		fmt.Fprintf(a.out, "metrics:  %s\n", numbers)
	}
	for _, k := range keys {
		fmt.Fprintf(a.out, "host key: %s %s\n", ssh.FingerprintSHA256(k.PublicKey()), k.PublicKey().Type())
	}
}

func (a *app) configArgument() string {
	if a.configFile == "" {
		return ""
	}
	return " --config " + a.configFile
}

// openRecorder returns what records, and where it is kept; nil if nothing is to be
// recorded. own says whether it keeps a log of the gateway's own.
func openRecorder(ctx context.Context, cfg *config.Config, logger *slog.Logger, own bool) (*record.Recorder, *keeping, error) {
	if !recorded(cfg) {
		return nil, nil, nil
	}
	kept, err := openKeeping(cfg, logger)
	if err != nil {
		return nil, nil, err
	}
	c := record.Config{
		Journal:   journalFolder(cfg),
		Store:     kept.store,
		Copies:    kept.copies,
		Discard:   kept.discard,
		Sync:      cfg.Audit.Sync.Duration(),
		Block:     int(cfg.Audit.Block),
		OnFailure: record.Stop,
		Logger:    logger,
	}
	if cfg.Audit.OnFailure == "continue" {
		c.OnFailure = record.Continue
	}
	c.Room.Folders = kept.folders()
	if own {
		space := &cfg.Audit.Space
		c.Room.Warn, c.Room.Refuse, c.Room.Reserve = uint64(space.Warn), uint64(space.Refuse), uint64(space.Reserve)
		c.Own = &record.Own{Version: version(), Config: cfg.Hash()}
	}
	rec, err := record.Open(ctx, c)
	if err != nil {
		return nil, nil, errors.Join(err, kept.close(ctx))
	}
	return rec, kept, nil
}
