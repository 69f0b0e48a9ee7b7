package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/sshtrail/sshtrail/internal/backend"
	"github.com/sshtrail/sshtrail/internal/backend/local"
	"github.com/sshtrail/sshtrail/internal/backend/sshproxy"
	"github.com/sshtrail/sshtrail/internal/bridge"
	"github.com/sshtrail/sshtrail/internal/config"
	"github.com/sshtrail/sshtrail/internal/session"
)

// This file is the list of backends, formats and storages that the program has.

type connectFunc = func(ctx context.Context, client backend.Client) (bridge.Target, error)

// connector returns what joins clients to the configured backend. around is what starts
// of programs on this machine are made in, see local.Config.
func connector(cfg *config.Config, around func(start func() error) error) (connectFunc, error) {
	switch cfg.Backend {
	case "local":
		return connectLocal(&cfg.Local, around)
	case "sshproxy":
		return connectProxy(&cfg.SSHProxy)
	}
	return nil, fmt.Errorf("backend %q is not built in", cfg.Backend)
}

func connectLocal(c *config.Local, around func(start func() error) error) (connectFunc, error) {
	lc := local.Config{Shell: c.Shell, Grace: local.DefaultGrace, Around: around}
	if c.SFTP {
		path, err := self()
		if err != nil {
			return nil, err
		}
		lc.SFTP = []string{path, sftpCommand}
	}
	b, err := local.New(lc)
	if err != nil {
		return nil, err
	}
	policy := session.Policy{Env: c.Env}
	return func(ctx context.Context, client backend.Client) (bridge.Target, error) {
		host, err := b.Connect(ctx, client)
		if err != nil {
			return nil, err
		}
		return session.New(host, policy), nil
	}, nil
}

func connectProxy(c *config.SSHProxy) (connectFunc, error) {
	p, err := sshproxy.New(sshproxy.Config{
		Server: c.Server, Port: uint16(c.Port), // checked to be one
		UsernamePassThrough: c.UsernamePassThrough, Username: c.Username,
		Password: sshproxy.Secret(c.Password.Reveal()), PrivateKey: c.PrivateKey.Signer(),
		AllowedHostKeyFingerprints: c.AllowedHostKeyFingerprints, KnownHosts: c.KnownHosts,
		Ciphers: c.Ciphers, KeyExchanges: c.Kex, MACs: c.MACs, HostKeyAlgorithms: c.HostKeyAlgos,
		Timeout: c.Timeout.Duration(), ClientVersion: c.ClientVersion,
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, client backend.Client) (bridge.Target, error) {
		return p.Connect(ctx, client.Username)
	}, nil
}

// recorded reports whether the configuration asks for any record.
func recorded(cfg *config.Config) bool {
	return cfg.Audit.Enable && !cfg.Audit.Format.Has("none") && !cfg.Audit.Storage.Has("none")
}

// logsAt says where the logs are, for people.
func logsAt(cfg *config.Config) string {
	var all []string
	for _, storage := range cfg.Audit.Storage {
		switch storage {
		case fileStorage:
			all = append(all, logsFolder(cfg))
		case s3Storage:
			all = append(all, "s3://"+cfg.Audit.S3.Bucket)
		}
	}
	return strings.Join(all, ", ")
}

func logsFolder(cfg *config.Config) string { return cfg.Audit.File.Directory }

func journalFolder(cfg *config.Config) string {
	if cfg.Audit.Journal != "" {
		return cfg.Audit.Journal
	}
	return filepath.Join(cfg.State, "journal")
}

// version is the module's version as it was built.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "devel"
	}
	return info.Main.Version
}
