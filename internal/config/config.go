// Package config reads the one YAML file that says what a gateway does.
//
// It is strict, since a key that is misspelt in a recorder's configuration is a session
// without evidence: an unknown key, a value of the wrong type and a setting that
// contradicts another are errors, all of them are told at once, and each says where it
// stands, what is wrong and what to do. Defaults are there before the file is read and
// never afterwards, so false, 0 and "" in the file mean what they say.
//
// The struct tags are the reference: yaml is the key, default its default as YAML, doc
// its meaning, enum the values it may have, later those that are known but not built
// yet, min and max its limits, and differs what ContainerSSH does there instead. The
// decoder, the JSON Schema and docs/configuration.md all read them.
package config

import (
	"path/filepath"
	"reflect"
)

// Config is an effective configuration: the file's values over the defaults. It is
// read-only once it was made; a reader that changes it works on a copy.
type Config struct {
	State    string   `yaml:"state" default:"/var/lib/sshtrail" doc:"Folder for what the gateway keeps for itself: the host keys it made (in hostkeys) and, unless audit.journal says otherwise, the journal." differs:"Not in ContainerSSH."`
	SSH      SSH      `yaml:"ssh" doc:"The SSH server that clients connect to."`
	Audit    Audit    `yaml:"audit" doc:"What is recorded, and where the logs go."`
	Auth     Auth     `yaml:"auth" doc:"Who gets in."`
	Backend  string   `yaml:"backend" enum:"local,sshproxy" later:"docker,kubernetes" doc:"What clients are joined to. A configuration file must say it." differs:"ContainerSSH's default is docker."`
	Local    Local    `yaml:"local" doc:"Settings of the backend local, which runs programs on this machine."`
	SSHProxy SSHProxy `yaml:"sshproxy" doc:"Settings of the backend sshproxy, which joins clients to another SSH server."`
	Metrics  Metrics  `yaml:"metrics" doc:"How the gateway is, for Prometheus and for whoever starts it anew or sends it clients."`

	// Embedded is true for the configuration that Default returns: nobody is listed in
	// Auth, and the caller's own keys or a one-time password let the caller in.
	Embedded bool `yaml:"-"`
}

// HostKeyFolder returns where host keys are kept that the gateway made itself.
func (c *Config) HostKeyFolder() string { return filepath.Join(c.State, "hostkeys") }

// Default returns the configuration for when there is no file: for one person, who is
// the caller, on this machine. state is the folder that it may use (see [StateFolder]).
func Default(state string) *Config {
	c := defaults()
	c.State = state
	c.Audit.File.Directory = filepath.Join(state, "logs")
	c.Audit.Journal = filepath.Join(state, "journal")
	c.Backend = "local"
	c.Embedded = true
	return c
}

// defaults returns what a configuration file starts from.
func defaults() *Config {
	c := new(Config)
	prefill(reflect.ValueOf(c).Elem())
	return c
}
