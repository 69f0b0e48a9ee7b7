package main

// ofAccess is against the promise that nobody gets in who should not.
func ofAccess() []mutant {
	return append(ofKeys(), ofOtherWaysIn()...)
}

func ofKeys() []mutant {
	return []mutant{
		{
			name: "a certificate that expired is good", promise: 10, file: "internal/auth/certificate.go",
			old:  `func() time.Time { return now }`,
			new:  `func() time.Time { return time.Unix(int64(cert.ValidAfter), 0) }`,
			test: "internal/auth.TestCertificates",
		},
		{
			name: "a certificate's signature is not checked", promise: 10, file: "internal/auth/certificate.go",
			old:  `if err := checker.CheckCert(principal, cert); err != nil {`,
			new:  `if err := checker.CheckCert(principal, cert); err != nil && principal == "" {`,
			test: "internal/auth.TestForgedCertificate",
		},
		{
			name: "a certificate is for everybody", promise: 10, file: "internal/auth/certificate.go",
			old:  `return "", errors.New("certificate is not for this user")`,
			new:  `return append(cert.ValidPrincipals, username)[0], nil`,
			test: "internal/auth.TestCertificates",
		},
		{
			name: "a certificate may be signed with SHA-1", promise: 10, file: "internal/auth/certificate.go",
			old:  `if cert.Signature == nil || !slices.Contains(KeyAlgorithms(), cert.Signature.Format) {`,
			new:  `if cert.Signature == nil || slices.Contains(KeyAlgorithms(), "") {`,
			test: "internal/auth.TestCertificateWithSHA1IsRefused",
		},
		{
			name: "a key that was only offered counts as proved", promise: 10, file: "tap/auth.go",
			old: `a.offered = err == nil`,
			new: `if a.offered = err == nil; a.offered {
				a.emit(&event.AuthPubkeySuccessful{PubkeyAttempt: a.key})
			}`,
			test: "tap.TestAnOfferedKeyIsNoSuccess",
		},
		{
			name: "a weak key is good", promise: 10, file: "internal/auth/strength.go",
			old:  `bits < minRSA {`,
			new:  `bits < 0 {`,
			test: "internal/auth.TestWeakKeysAreRefused",
		},
		{
			name: "a key that expired is good", promise: 10, file: "internal/auth/keylist.go",
			old:  `!l.now.Before(e.options.expires) {`,
			new:  `l.now.IsZero() {`,
			test: "internal/auth.TestLinesThatLetNobodyIn",
		},
		{
			name: "a key is good from everywhere", promise: 10, file: "internal/auth/keylist.go",
			old:  `!e.options.from.allows(l.req.RemoteAddr) {`,
			new:  `l.req.RemoteAddr == "" {`,
			test: "internal/auth.TestLinesThatLetNobodyIn",
		},
		{
			name: "others may say whose keys are good", promise: 10, file: "internal/auth/keyfile.go",
			old:  `mode&0o022 != 0 {`,
			new:  `mode == 0o1000 {`,
			test: "internal/auth.TestKeyFiles",
		},
		{
			name: "an option that nobody knows is no matter", promise: 10, file: "internal/auth/options.go",
			old: `		return lineFault("take the option away, or the key", "option %q is not known here", name)
	}
	return nil
}`,
			new: `	}
	return nil
}`,
			test: "internal/auth.TestLinesThatLetNobodyIn",
		},
	}
}

func ofOtherWaysIn() []mutant {
	return []mutant{
		{
			name: "somebody else's password is good", promise: 10, file: "internal/auth/users.go",
			old:  `case holder != user:`,
			new:  `case holder == nil:`,
			test: "internal/auth.TestPasswordOfUsers",
		},
		{
			name: "the beginning of a password is good", promise: 10, file: "internal/auth/password.go",
			old:  `== nil && whole`,
			new:  `== nil && (whole || hash != "")`,
			test: "internal/auth.TestBcrypt",
		},
		{
			name: "a one-time password is good again", promise: 10, file: "internal/auth/embedded.go",
			old: `	e.password = ""
	return`,
			new:  `	return`,
			test: "internal/auth.TestEmbeddedPasswordIsGoodOnce",
		},
		{
			name: "no decision is a yes", promise: 10, file: "internal/gateway/permissions.go",
			old: `	case grant == nil:
		return nil, auth.ErrDenied`,
			new: `	case grant == nil:
		return &ssh.Permissions{ExtraData: map[any]any{grantKey{}: new(auth.Grant)}}, nil`,
			test: "internal/gateway.TestPermissions",
		},
		{
			name: "any target is the right one", promise: 10, file: "internal/backend/sshproxy/hostkey.go",
			old: `		Revoked:   revoked != nil,
	}
	return k.refused`,
			new: `		Revoked:   revoked != nil,
	}
	return nil`,
			test: "internal/backend/sshproxy.TestHostKeyRefused",
		},
		{
			name: "a forced command is not", promise: 10, file: "internal/bridge/link.go",
			old:  `name, payload = "exec", ssh.Marshal(`,
			new:  `name, _ = "exec", ssh.Marshal(`,
			test: "internal/bridge.TestForcedCommand",
		},
		{
			name: "forwards are allowed", promise: 10, file: "internal/bridge/rules.go",
			old:  `case request == "x11-req", request == "auth-agent-req@openssh.com":`,
			new:  `case request == "":`,
			test: "internal/bridge.TestRequestsThatAreRefused",
		},
	}
}
