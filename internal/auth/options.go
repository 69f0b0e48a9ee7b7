package auth

import (
	"net"
	"strconv"
	"strings"
	"time"
)

// options are those of a line of authorized keys (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
type options struct {
	authority  bool     // cert-authority: the key signs certificates, and is none itself
	principals []string // nil: the user's name
	from       *addressList
	expires    time.Time // zero: never

	// The rest limits what is granted, and goes into the Grant.
	command     string
	forced      bool
	environment []string
	open        []hostPort
	listen      []hostPort
	noTouch     bool
	noPTY       bool
	noPort      bool
	noAgent     bool
	noX11       bool
	noUserRC    bool
}

// parseOptions reads the options in their order: pty after restrict allows what restrict
// took away. What is not known here makes the whole line void, since a restriction that
// nobody understands can't be kept.
func parseOptions(text string) (options, error) {
	var o options
	for text != "" {
		name, value, hasValue, rest, err := cutOption(text)
		if err != nil {
			return o, err
		}
		if hasValue {
			err = o.setValue(strings.ToLower(name), value)
		} else {
			err = o.setFlag(strings.ToLower(name))
		}
		if err != nil {
			return o, err
		}
		text = rest
	}
	return o, nil
}

// cutOption cuts name or name="value" and the comma behind it.
func cutOption(text string) (name, value string, hasValue bool, rest string, err error) {
	i := strings.IndexAny(text, `,="`)
	if i < 0 {
		return text, "", false, "", nil
	}
	name, rest = text[:i], text[i:]
	if strings.HasPrefix(rest, `="`) {
		hasValue = true
		if value, rest, err = cutQuoted(rest[2:]); err != nil {
			return "", "", false, "", err
		}
	}
	if rest == "" {
		return name, value, hasValue, "", nil
	}
	after, ok := strings.CutPrefix(rest, ",")
	if !ok || after == "" {
		return "", "", false, "", lineFault(`write options as a,b="c",d`, "option %q is not well formed", name)
	}
	return name, value, hasValue, after, nil
}

// cutQuoted reads up to the closing quote; \" is a quote, and any other \ is itself.
func cutQuoted(s string) (value, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '"':
			i++
			b.WriteByte('"')
		case s[i] == '"':
			return b.String(), s[i+1:], nil
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", lineFault("close the quotes", "a quote is not closed")
}

func (o *options) setFlag(name string) error {
	switch name {
	case "cert-authority":
		o.authority = true
	case "restrict":
		o.noPTY, o.noPort, o.noAgent, o.noX11, o.noUserRC = true, true, true, true, true
	case "pty", "no-pty":
		o.noPTY = name == "no-pty"
	case "port-forwarding", "no-port-forwarding":
		o.noPort = name == "no-port-forwarding"
	case "agent-forwarding", "no-agent-forwarding":
		o.noAgent = name == "no-agent-forwarding"
	case "x11-forwarding", "no-x11-forwarding":
		o.noX11 = name == "no-x11-forwarding"
	case "user-rc", "no-user-rc":
		o.noUserRC = name == "no-user-rc"
	case "touch-required", "no-touch-required":
		o.noTouch = name == "no-touch-required"
	case "verify-required":
		return lineFault("take the key away; the gateway can't see whether a PIN was asked for", "option %q can't be kept here", name)
	default:
		return lineFault("take the option away, or the key", "option %q is not known here", name)
	}
	return nil
}

func (o *options) setValue(name, value string) (err error) {
	switch name {
	case "command":
		if o.forced {
			return lineFault("keep one", "there are two commands")
		}
		o.command, o.forced = value, true
	case "environment":
		return o.addEnvironment(value)
	case "from":
		if o.from != nil {
			return lineFault("put the addresses into one", "option from is there twice")
		}
		o.from, err = parseAddressList(value)
	case "expiry-time":
		return o.addExpiry(value)
	case "principals":
		if o.principals != nil {
			return lineFault("put the names into one", "option principals is there twice")
		}
		o.principals = strings.Split(value, ",")
	case "permitopen":
		o.open, err = addHostPort(o.open, value, false)
	case "permitlisten":
		o.listen, err = addHostPort(o.listen, value, true)
	case "tunnel":
		return lineFault("take the option away, or the key", "option %q can't be kept here", name)
	default:
		return lineFault("take the option away, or the key", "option %q is not known here", name)
	}
	return err
}

func (o *options) addEnvironment(value string) error {
	name, _, ok := strings.Cut(value, "=")
	for _, c := range []byte(name) {
		if c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			ok = false
		}
	}
	if !ok || name == "" {
		return lineFault(`write environment="NAME=value"`, "%q sets no variable", value)
	}
	for _, has := range o.environment {
		if strings.HasPrefix(has, name+"=") {
			return nil // the first one counts, as with sshd
		}
	}
	o.environment = append(o.environment, value)
	return nil
}

// addExpiry reads YYYYMMDD[Z] or YYYYMMDDHHMM[SS][Z]; Z is UTC, else it is local time.
// The earliest of several counts.
func (o *options) addExpiry(value string) error {
	digits, isUTC := strings.CutSuffix(value, "Z")
	zone := time.Local
	if isUTC {
		zone = time.UTC
	}
	layouts := map[int]string{8: "20060102", 12: "200601021504", 14: "20060102150405"}
	t, err := time.ParseInLocation(layouts[len(digits)], digits, zone)
	if err != nil || layouts[len(digits)] == "" {
		return lineFault("write YYYYMMDD[Z] or YYYYMMDDHHMM[SS][Z]", "%q is no time", value)
	}
	if o.expires.IsZero() || t.Before(o.expires) {
		o.expires = t
	}
	return nil
}

// addHostPort reads host:port, in which port may be *; where bare, a port alone is for
// every host, as with sshd.
func addHostPort(list []hostPort, value string, bare bool) ([]hostPort, error) {
	if bare && !strings.Contains(value, ":") {
		value = "*:" + value
	}
	host, text, err := net.SplitHostPort(value)
	port := uint64(0)
	if err == nil && text != "*" {
		if port, err = strconv.ParseUint(text, 10, 16); port == 0 {
			host = ""
		}
	}
	if err != nil || host == "" {
		return nil, lineFault("write host:port, with * for every port", "%q is no host and port", value)
	}
	return append(list, hostPort{host, uint32(port)}), nil
}

// check refuses what contradicts itself.
func (o *options) check() error {
	if o.principals != nil && !o.authority {
		return lineFault("add cert-authority, or take principals away", "option principals is for authorities of certificates only")
	}
	for _, p := range o.principals {
		if p == "" {
			return lineFault("write names with commas between them", "option principals has an empty name")
		}
	}
	return nil
}

// grant writes what the options limit into a grant.
func (o *options) grant(g *Grant) {
	g.ForceCommand, g.Forced = o.command, o.forced
	g.Environment = o.environment
	g.open, g.listen = o.open, o.listen
	g.NoTouchRequired = o.noTouch
	g.NoPTY, g.NoPortForwarding, g.NoAgentForwarding = o.noPTY, o.noPort, o.noAgent
	g.NoX11Forwarding, g.NoUserRC = o.noX11, o.noUserRC
}
