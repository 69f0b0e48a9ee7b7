package config

import (
	"path/filepath"
	"strconv"
	"strings"
)

// Local is the backend that runs programs on this machine.
type Local struct {
	Shell string   `yaml:"shell" default:"" doc:"Shell to run, as an absolute path; empty is the user's own."`
	Env   []string `yaml:"env" default:"[LANG, LC_*, COLORTERM, NO_COLOR]" doc:"Environment variables that a client may set, with the wildcards * and ?. Be careful: some variables decide what a program does."`
	SFTP  bool     `yaml:"sftp" default:"true" doc:"Whether the subsystem sftp is there."`
}

func (l *Local) validate(s *source) {
	if l.Shell != "" && !filepath.IsAbs(l.Shell) {
		s.problem("local.shell", "write one that begins with /, as /bin/sh", "%q is no absolute path", l.Shell)
	}
	for i, pattern := range l.Env {
		if pattern == "" || strings.ContainsAny(pattern, "= \t\n\x00") {
			s.problem("local.env["+strconv.Itoa(i)+"]", "write a name, with * and ? if you like", "%q is no pattern for names of variables", pattern)
		}
	}
}
