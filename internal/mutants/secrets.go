package main

// ofSecrets is against the promise that secrets are recorded on request only, and told to nobody.
func ofSecrets() []mutant {
	return []mutant{
		{
			name: "passwords are recorded with passwords: false", promise: 5, file: "tap/auth.go",
			old: `			if a.passwords {
				a.password.Password = password`,
			new: `			if a != nil {
				a.password.Password = password`,
			test: "tap.TestEachInterceptIsItsOwn/nothing",
		},
		{
			name: "answers are recorded with passwords: false", promise: 5, file: "tap/auth.go",
			old: `			if a.passwords {
				given.Answers`,
			new: `			if a != nil {
				given.Answers`,
			test: "tap.TestKeyboardInteractiveIsRecorded",
		},
		{
			name: "the cookie of X11 is not hidden", promise: 5, file: "tap/request.go",
			old:  `if x, ok := body.(*event.X11); ok && !c.conn.intercept.Passwords {`,
			new:  `if x, ok := body.(*event.X11); ok && x == nil {`,
			test: "tap.TestX11CookieIsHidden",
		},
		{
			name: "input is recorded though it is off", promise: 5, file: "tap/channel.go",
			old: `		return i.Stdin
`,
			new: `		return true
`,
			test: "tap.TestEachInterceptIsItsOwn/nothing",
		},
		{
			name: "input is on by default", promise: 5, file: "internal/config/audit.go",
			old:  "`yaml:\"stdin\" default:\"false\"",
			new:  "`yaml:\"stdin\" default:\"true\"",
			test: "internal/config.TestDefaultsOfAFile",
		},
		{
			name: "a secret is shown", promise: 5, file: "internal/config/secret.go",
			old:  `return hidden`,
			new:  `return s.Reveal()`,
			test: "internal/config.TestSecretsAreNotShown",
		},
		{
			name: "others may read the logs", promise: 5, file: "storage/file/store.go",
			old:  `|careful, 0o600)`,
			new:  `|careful, 0o644)`,
			test: "storage/file.TestFilesAreTheGatewaysAlone",
		},
		{
			name: "others may read the gateway's memory", promise: 5, file: "cmd/sshtrail/harden_linux.go",
			old:  `unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)`,
			new:  `unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)`,
			test: "internal/torture/secrets.TestMemoryIsNotForOthers",
		},
		{
			name: "a crash leaves a core", promise: 5, file: "cmd/sshtrail/harden_linux.go",
			old:  `if err := h.limit(min(noCore, h.core.Max)); err != nil {`,
			new:  `if err := error(nil); err != nil {`,
			test: "internal/torture/secrets.TestProgramsKeepTheLimitOfCores",
		},
		{
			name: "programs inherit what the gateway inherited", promise: 5, file: "internal/backend/local/backend.go",
			old:  `unix.CloseOnExec(fd)`,
			new:  `unix.Getpid()`,
			test: "internal/backend/local.TestDescriptors",
		},
		{
			name: "programs inherit sockets", promise: 5, file: "internal/handover/start_linux.go",
			old:  `unix.CloseOnExec(fd) // the one`,
			new:  `unix.Getpid() // the one`,
			test: "internal/handover.TestProgramsInheritNothing",
		},
		{
			name: "the target's password answers any question", promise: 5, file: "internal/backend/sshproxy/sshproxy.go",
			old:  `case len(questions) == 1 && !echos[0]:`,
			new:  `case len(questions) >= 1:`,
			test: "internal/backend/sshproxy.TestKeyboardInteractive",
		},
	}
}
