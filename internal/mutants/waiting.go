package main

// ofWaiting is against the promise that nobody waits for somebody else.
func ofWaiting() []mutant {
	return []mutant{
		{
			name: "messages wait for their reader", promise: 6, file: "cmd/sshtrail/messages.go",
			old:  `default:`,
			new:  `case <-m.stopped:`,
			test: "cmd/sshtrail.TestMessagesWaitForNobody",
		},
		{
			name: "who waits for a log is stuck with its holder", promise: 6, file: "record/trouble.go",
			old: `on, cause := l.trouble.state()`,
			new: `_, cause := l.trouble.state()
		on := chan struct{}(nil)`,
			test: "record.TestWaiterIsNotLetInBesideTheLastWords",
		},
		{
			name: "under continue a write waits for its disk", promise: 6, file: "record/wait.go",
			old:  `case <-timer.C:`,
			new:  `case <-chan struct{}(nil):`,
			test: "record.TestADiskThatHangsUnderContinue",
		},
		{
			name: "a log's sync waits for another's", promise: 6, file: "record/sync.go",
			old:  `r.ending.Go(l.syncSoon) // ends`,
			new:  `l.syncSoon() // ends`,
			test: "record.TestASyncWaitsForNoOther",
		},
		{
			name: "the target of a client that has gone goes on", promise: 6, file: "internal/bridge/bridge.go",
			old: `	j.client.Conn.Close()
	j.target.Close()`,
			new:  `	j.client.Conn.Close()`,
			test: "internal/bridge.TestATargetThatDoesNotAnswer",
		},
		{
			name: "a server that says nothing is waited for", promise: 6, file: "internal/backend/sshproxy/sshproxy.go",
			old:  `func() { _ = raw.Close() })`,
			new:  `func() {})`,
			test: "internal/backend/sshproxy.TestSilentServer",
		},
		{
			name: "clients that do not answer are kept", promise: 6, file: "internal/gateway/session.go",
			old:  `if unanswered++; unanswered >= limit {`,
			new:  `if unanswered++; unanswered < 0*limit {`,
			test: "internal/gateway.TestKeepAliveEndsWhoDoesNotAnswer",
		},
		{
			name: "a client may take any time to log in", promise: 6, file: "internal/gateway/session.go",
			old:  `s.net.SetDeadline(time.Now().Add(grace))`,
			new:  `_ = grace`,
			test: "internal/gateway.TestReasonsOfRefusals",
		},
	}
}
