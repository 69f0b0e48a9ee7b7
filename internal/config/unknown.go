package config

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// notBuilt returns the keys of ContainerSSH in a block that this gateway knows of and
// can't do yet.
func notBuilt(path string) []string {
	switch path {
	case "":
		return []string{"configserver", "log", "geoip", "health", "security", "docker", "kubernetes"}
	case "auth":
		return []string{
			"password", "publicKey", "keyboardInteractive", "gssapi", "authz",
			"url", "pubkey", "authTimeout", "allowRedirects", "timeout", "cacert", "cert", "key", "tlsVersion", "curves", "cipher",
		}
	case "metrics":
		return []string{"enable", "path", "cert", "key", "clientcacert", "tlsVersion", "curves", "cipher"}
	}
	return nil
}

// standIn says what to write in place of a key of ContainerSSH's that is not built yet.
func standIn(path string) string {
	switch path {
	case "log":
		return "remove it; messages go to standard error"
	case "health":
		return "remove it; /healthz and /readyz are served at metrics.listen"
	case "metrics.enable":
		return "remove it; metrics.listen says where they are, and turns them on"
	case "metrics.path":
		return "remove it; it is /metrics"
	case "security":
		return "remove it; forwarding is always refused, ssh.maxChannels limits sessions, local.env names the variables that clients may set, and command= in a key's line forces a command"
	case "docker", "kubernetes":
		return "remove it, and use backend: local or sshproxy"
	case "auth.authTimeout", "auth.timeout":
		return "remove it; ssh.loginGraceTime limits how long a login may take"
	}
	if strings.HasPrefix(path, "metrics.") {
		return "remove it; metrics are served without TLS, so keep them on the loopback or behind what has it"
	}
	if strings.HasPrefix(path, "auth.") {
		return "remove it, and list who gets in under auth.users"
	}
	return "remove it; nothing stands in for it"
}

// unknown notes a key that its block does not have, and what it might have meant.
func (d *decoder) unknown(path string, p pair, fields []field) {
	name := p.key.Value
	at := join(path, name)
	if slices.Contains(notBuilt(path), name) {
		if !d.isEmpty(p.value) {
			d.problem(at, standIn(at), "ContainerSSH's `%s` is not built yet", at)
		}
		return
	}
	known := make([]string, len(fields))
	for i, f := range fields {
		known[i] = f.key
	}
	if near := nearest(name, known); near != "" {
		d.problem(at, "did you mean `"+join(path, near)+"`?", "unknown key %q", name)
		return
	}
	if places := elsewhere(name); len(places) > 0 && len(places) <= 3 {
		d.problem(at, "did you mean `"+strings.Join(places, "` or `")+"`?", "unknown key %q", name)
		return
	}
	d.problem(at, "known here: "+strings.Join(known, ", "), "unknown key %q", name)
}

// elsewhere returns the paths of the keys with that name in any block.
func elsewhere(name string) []string {
	var paths []string
	walk(reflect.TypeFor[Config](), "", func(path string, f field) {
		if strings.EqualFold(f.key, name) {
			paths = append(paths, path)
		}
	})
	return paths
}

// isEmpty reports whether a value sets nothing: all in it is null, false, "" or empty.
func (d *decoder) isEmpty(node *yaml.Node) bool {
	if !d.spend() {
		return false
	}
	switch node.Kind {
	case yaml.AliasNode:
		return d.isEmpty(node.Alias)
	case yaml.MappingNode:
		for i := 1; i < len(node.Content); i += 2 {
			if !d.isEmpty(node.Content[i]) {
				return false
			}
		}
		return true
	case yaml.SequenceNode:
		return len(node.Content) == 0
	}
	value, isBool := parseBool(node)
	return isNull(node) || node.Value == "" || isBool && !value
}
