package config

// Local is the backend that runs programs on this machine.
type Local struct {
	Shell string   `yaml:"shell" default:"" doc:"Shell to run, as an absolute path; empty is the user's own."`
	Env   []string `yaml:"env" default:"[LANG, LC_*, COLORTERM, NO_COLOR]" doc:"Environment variables that a client may set, with the wildcards * and ?. Be careful: some variables decide what a program does."`
	SFTP  bool     `yaml:"sftp" default:"true" doc:"Whether the subsystem sftp is there."`
}
