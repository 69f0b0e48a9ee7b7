package config

import "path/filepath"

// validate notes what is wrong with values that are well formed each by itself.
func (c *Config) validate(s *source) {
	if !filepath.IsAbs(c.State) {
		s.problem("state", "write one that begins with /", "%q is no absolute path", c.State)
	}
	c.SSH.validate(s)
	c.Audit.validate(s)
	c.Auth.validate(s)
	if !s.has("backend") {
		s.problem("backend", "write backend: local or backend: sshproxy", "nothing says what clients are joined to")
	}
	c.Local.validate(s)
	c.SSHProxy.validate(s, c.Backend == "sshproxy")
	c.Metrics.validate(s)
}
