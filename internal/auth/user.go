package auth

// User is somebody who may log in, and with what.
type User struct {
	Name           string       `yaml:"name" default:"" doc:"Name to log in with."`
	Keys           []string     `yaml:"keys" default:"[]" doc:"Public keys, each a line as in authorized_keys, with its options."`
	AuthorizedKeys []string     `yaml:"authorizedKeys" default:"[]" doc:"Files in the format of authorized_keys, by absolute path. They are read at every attempt, so that a change needs no restart; one that others than its owner may write is refused."`
	Password       PasswordHash `yaml:"password" default:"" doc:"Hash of the password, by bcrypt or argon2id: the output of sshtrail hash-password. Empty: no password."`
}
