package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// certified checks a certificate that the key of e signed, and returns what it and the
// options of e both allow. req.Username must be a principal of the certificate, or one
// of the option principals must.
func (e *entry) certified(req Request, cert *ssh.Certificate, now time.Time) (*Grant, error) {
	if cert.CertType != ssh.UserCert {
		return nil, errors.New("certificate is not for a user")
	}
	if cert.Signature == nil || !slices.Contains(KeyAlgorithms(), cert.Signature.Format) {
		return nil, errors.New("certificate is signed with an algorithm that is not taken")
	}
	principal, err := e.principal(req.Username, cert)
	if err != nil {
		return nil, err
	}
	// source-address is checked below; what else is critical must be understood
	// (PROTOCOL.certkeys, critical options).
	checker := ssh.CertChecker{
		SupportedCriticalOptions: []string{"force-command", "source-address"},
		Clock:                    func() time.Time { return now },
	}
	if err := checker.CheckCert(principal, cert); err != nil {
		return nil, fmt.Errorf("check certificate: %w", err)
	}
	if list, ok := cert.CriticalOptions["source-address"]; ok {
		// Networks only (PROTOCOL.certkeys): where sshd sees nothing we must not see more.
		from, err := parseAddressList(list)
		if err != nil || strings.ContainsAny(list, "!*?") {
			return nil, errors.New("source-address of certificate is no list of networks")
		}
		if !from.allows(req.RemoteAddr) {
			return nil, errors.New("certificate is not for the client's address")
		}
	}
	return e.limit(cert)
}

// principal returns the name of the certificate that lets the user in. A certificate
// without names would be good for everybody: it is refused.
func (e *entry) principal(username string, cert *ssh.Certificate) (string, error) {
	accepted := e.options.principals
	if accepted == nil {
		accepted = []string{username}
	}
	for _, p := range cert.ValidPrincipals {
		if slices.Contains(accepted, p) {
			return p, nil
		}
	}
	return "", errors.New("certificate is not for this user")
}

// limit returns a grant that the options and the certificate's extensions both allow.
func (e *entry) limit(cert *ssh.Certificate) (*Grant, error) {
	g := &Grant{Certificate: cert}
	e.options.grant(g)
	if command, ok := cert.CriticalOptions["force-command"]; ok {
		if g.Forced && g.ForceCommand != command {
			return nil, errors.New("certificate and authorized key force different commands")
		}
		g.ForceCommand, g.Forced = command, true
	}
	lacks := func(extension string) bool {
		_, has := cert.Extensions[extension]
		return !has
	}
	g.NoPTY = g.NoPTY || lacks("permit-pty")
	g.NoPortForwarding = g.NoPortForwarding || lacks("permit-port-forwarding")
	g.NoAgentForwarding = g.NoAgentForwarding || lacks("permit-agent-forwarding")
	g.NoX11Forwarding = g.NoX11Forwarding || lacks("permit-X11-forwarding")
	g.NoUserRC = g.NoUserRC || lacks("permit-user-rc")
	g.NoTouchRequired = g.NoTouchRequired && !lacks("no-touch-required")
	return g, nil
}
