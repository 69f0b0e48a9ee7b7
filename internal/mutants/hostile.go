package main

// ofHostileBytes is against the promise that hostile bytes stay bytes.
func ofHostileBytes() []mutant {
	return []mutant{
		{
			name: "control characters are shown as they are", promise: 7, file: "cmd/sshtrail/text.go",
			old:  `if s[i] < ' ' || s[i] > '~' {`,
			new:  `if s[i] > '~' {`,
			test: "cmd/sshtrail.TestShown",
		},
		{
			name: "control characters are in error messages", promise: 7, file: "cmd/sshtrail/text.go",
			old:  `if r == '\n' || unicode.IsPrint(r)`,
			new:  `if r >= 0 || unicode.IsPrint(r)`,
			test: "cmd/sshtrail.TestHarmless",
		},
		{
			name: "control characters are in JSON", promise: 7, file: "cmd/sshtrail/json.go",
			old:  `case unicode.IsPrint(r) && (r != utf8.RuneError || size > 1):`,
			new:  `case unicode.IsPrint(r) || size > 0:`,
			test: "cmd/sshtrail.TestHostileTexts",
		},
		{
			name: "control characters are in the gateway's messages", promise: 7, file: "cmd/sshtrail/messages.go",
			old:  `harmless(string(p))`,
			new:  `string(p)`,
			test: "cmd/sshtrail.TestMessagesAreHarmless",
		},
		{
			name: "what a stranger sent is not quoted", promise: 7, file: "internal/gateway/sniff.go",
			old:  `it sent %q`,
			new:  `it sent %s`,
			test: "internal/gateway.TestSniffQuotesStrangers",
		},
		{
			name: "what a target sent is not quoted", promise: 7, file: "internal/backend/sshproxy/printable.go",
			old:  `if unicode.IsPrint(r) && (`,
			new:  `if n > 0 || unicode.IsPrint(r) && (`,
			test: "internal/backend/sshproxy.TestHostileText",
		},
		{
			name: "a log's name may lead out of the folder", promise: 7, file: "storage/storage.go",
			old:  `case c == '.' && i > 0 && i < len(n)-1 && n[i-1] != '.':`,
			new:  `case c == '.' || c == '/':`,
			test: "storage/file.TestContract",
		},
		{
			name: "a log may be called as one that is unfinished", promise: 7, file: "storage/file/store.go",
			old:  `if strings.HasSuffix(string(name), suffix) {`,
			new:  `if strings.HasSuffix(string(name), suffix) && name == "" {`,
			test: "storage/file.TestReservedNames",
		},
		{
			name: "links are followed out of the folder", promise: 7, file: "storage/file/store.go",
			old:  `const careful = unix.O_NOFOLLOW | unix.O_NONBLOCK`,
			new:  `const careful = unix.O_NONBLOCK`,
			test: "storage/file.TestWhatIsNoLog",
		},
		{
			name: "a request that nobody can read is passed on", promise: 7, file: "tap/request.go",
			old:  `return &event.ChannelRequestDecodeFailed{RequestID: id, RequestType: r.Type, Payload: r.Payload, Reason: err.Error()}, err`,
			new:  `return &event.ChannelRequestDecodeFailed{RequestID: id, RequestType: r.Type, Payload: r.Payload, Reason: err.Error()}, nil`,
			test: "tap.TestMalformedRequestsAreRefusedAndRecorded",
		},
	}
}
