package config

import (
	"fmt"
	"reflect"
	"strings"
)

// intro is the part of the reference that no type can tell.
const intro = `# Configuration

sshtrail reads one YAML file (JSON is YAML too). Without one it serves you alone, on this machine: see the README.
` + "`sshtrail check --config FILE`" + ` says everything that is wrong with a file, each with its line and what to do.

A small configuration that records everybody's output, and joins clients to another server:

~~~yaml
backend: sshproxy
sshproxy:
  server: target.example.com
  usernamePassThrough: true
  password: {env: TARGET_PASSWORD}
  allowedHostKeyFingerprints:
    - SHA256:IKuBc1r8UPX5BnvfSRCM8WULSWNjMWUkiatFDLr7O6c
auth:
  users:
    - name: alice
      keys:
        - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB1hkr/XJRXAUSg/+aG8OEzF/S81MEbQQE2MuaQtUd4A alice@laptop
~~~

One that runs shells on this machine, for the whole network, and records keystrokes too:

~~~yaml
ssh:
  listen: 0.0.0.0:2222
  loginGraceTime: 30s
audit:
  format: binary
  storage: file
  intercept: {stdin: true, forwarding: true}
  file:
    directory: /srv/audit
auth:
  users:
    - name: alice
      authorizedKeys: [/etc/sshtrail/keys/alice]
      password: {env: ALICE_PASSWORD_HASH}
backend: local
~~~

## Rules

- A key that is not known, one that is given twice, and one without a value are errors. So is ` + "`docker`" + `, or whatever else is not built yet: nothing that is written down is ignored.
- ` + "`false`, `0` and `\"\"`" + ` mean what they say. A default is for a key that is not there.
- A list in the file replaces the default; it does not add to it.
- Durations have a unit (` + "`100ms`, `30s`, `5m`, `1h`" + `), or are 0. Sizes are a number of bytes, or have KiB, MiB or GiB.
- A secret is a string, ` + "`{file: PATH}` or `{env: NAME}`" + `, and is read when the configuration is; the keys of audit.s3 are read again before each request. A newline at the end of a file is not part of it. A private key may also be the name of its file.
- Anchors, aliases and merge keys (` + "`<<`" + `) work as in YAML 1.1.
- A path that does not begin with / is relative to the folder that the gateway was started in, where it is allowed at all.
- Secrets appear in no message. The configuration's hash, which the gateway's log has, can't be used to guess passwords: of them it knows only whether they are set.

## Options of authorized keys

In ` + "`auth.users[].keys`" + ` and in the files of ` + "`authorizedKeys`" + ` a line may have the options of sshd: agent-forwarding, cert-authority, command, environment, expiry-time, from, permitlisten, permitopen, port-forwarding, principals, pty, restrict, touch-required, user-rc, X11-forwarding, and no- before those that sshd has it for. Each is kept. With tunnel, verify-required and options that are not known here the line lets nobody in, for they can't be kept. In from= only addresses, networks and addresses with wildcards are allowed, since names would have to be looked up. A certificate must name the user, or one of principals, in its list of principals. DSA, RSA with fewer than 2048 bits, and signatures with SHA-1 are refused.
`

// Markdown returns the reference of all keys, docs/configuration.md.
func Markdown() []byte {
	var b strings.Builder
	b.WriteString(intro)
	b.WriteString("\n## Keys\n")
	root := reflect.TypeFor[Config]()
	writeTable(&b, "At the top", "", root)
	walk(root, "", func(path string, f field) {
		switch {
		case f.isBlock():
			writeTable(&b, "`"+path+"`", f.doc, f.typ)
		case f.isListOfBlocks():
			writeTable(&b, "`"+path+"[]`", f.doc, f.typ.Elem())
		}
	})
	writeDifferences(&b, root)
	return []byte(b.String())
}

// writeTable writes the keys of one block, without the blocks below it.
func writeTable(b *strings.Builder, title, doc string, t reflect.Type) {
	fmt.Fprintf(b, "\n### %s\n\n", title)
	if doc != "" {
		fmt.Fprintf(b, "%s\n\n", doc)
	}
	b.WriteString("| Key | Type | Default | Meaning |\n|---|---|---|---|\n")
	for _, f := range fieldsOf(t) {
		if f.isBlock() {
			continue
		}
		standard := "required"
		if f.hasStandard {
			standard = "`" + f.standard + "`"
			if f.standard == "" {
				standard = "empty"
			}
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.key, typeName(f), standard, strings.ReplaceAll(f.doc, "|", `\|`))
	}
}

// typeName says what a value may be, for people.
func typeName(f field) string {
	name := map[reflect.Type]string{
		reflect.TypeFor[string]():   "text",
		reflect.TypeFor[bool]():     "bool",
		reflect.TypeFor[int]():      "number",
		reflect.TypeFor[Duration](): "duration",
		reflect.TypeFor[Size]():     "size",
		reflect.TypeFor[Share]():    "size or percentage",
		reflect.TypeFor[Moment]():   "date",
		reflect.TypeFor[Startups](): "limit",
		reflect.TypeFor[Address]():  "address or port",
		reflect.TypeFor[[]string](): "list",
		reflect.TypeFor[[]Key]():    "list of private keys",
		reflect.TypeFor[Key]():      "private key",
		reflect.TypeFor[List]():     "text or list",
	}[f.typ]
	switch {
	case name != "":
	case f.isListOfBlocks():
		name = "list of blocks"
	default:
		name = "secret"
	}
	if f.enum != nil {
		name += ": " + orList(f.enum)
	}
	switch {
	case f.minimum != "" && f.limit != "":
		name += ", " + f.minimum + " to " + f.limit
	case f.limit != "":
		name += ", up to " + f.limit
	}
	if f.later != nil {
		name += " (not built yet: " + strings.Join(f.later, ", ") + ")"
	}
	return name
}

// writeDifferences lists what a configuration for ContainerSSH means differently here.
func writeDifferences(b *strings.Builder, root reflect.Type) {
	b.WriteString("\n## Differences from ContainerSSH\n\nKeys that both have mean the same, but for these:\n\n")
	b.WriteString("- Everywhere: ContainerSSH reads `false`, `0` and `\"\"` as the default; here they are what they are.\n")
	b.WriteString("- Everywhere: a duration without a unit is nanoseconds in ContainerSSH and an error here.\n")
	b.WriteString("- `audit`: ContainerSSH checks it only with `enable: true`; here it is always checked. The keys that `s3` requires are required where it is used.\n")
	walk(root, "", func(path string, f field) {
		if f.differs != "" {
			fmt.Fprintf(b, "- `%s`: %s\n", path, f.differs)
		}
	})
	b.WriteString("\nNot built yet, and an error if they set anything: ")
	var names []string
	for _, key := range notBuilt("") {
		names = append(names, "`"+key+"`")
	}
	for _, block := range []string{"auth", "metrics"} {
		for _, key := range notBuilt(block) {
			names = append(names, "`"+join(block, key)+"`")
		}
	}
	b.WriteString(strings.Join(names, ", ") + ".\n")
}
