package main

// ofBounds is against the promise that memory and disk have limits.
func ofBounds() []mutant {
	return append(ofBoundsBefore(), ofBoundsAfter()...)
}

// ofBoundsBefore is about what somebody costs who is not logged in.
func ofBoundsBefore() []mutant {
	return []mutant{
		{
			name: "events before the login are not bounded", promise: 8, file: "record/log.go",
			old:  `l.cost > maxEarly {`,
			new:  `l.cost < 0 {`,
			test: "record.TestBeforeTheLoginMemoryIsBounded",
		},
		{
			name: "a connection costs a log before the login", promise: 8, file: "record/log.go",
			old:  `case *event.HandshakeSuccessful:`,
			new:  `case *event.Connect:`,
			test: "record.TestWithoutALoginThereIsNoLog",
		},
		{
			name: "bytes before the login are not bounded", promise: 8, file: "internal/gateway/sniff.go",
			old:  `s.early > maxEarly {`,
			new:  `s.early < 0 {`,
			test: "internal/gateway.TestWhoWaitsForNoAnswerIsBounded",
		},
		{
			name: "packets before the login are not bounded", promise: 8, file: "internal/gateway/sniff.go",
			old:  `if len(p) > maxEarlyPacket {`,
			new:  `if len(p) < 0 {`,
			test: "internal/gateway.TestAPacketBeforeTheLoginIsBounded",
		},
		{
			name: "who waits for no answer is not bounded", promise: 8, file: "internal/gateway/sniff.go",
			old:  `case s.ahead.Add(int64(n)) > maxAhead:`,
			new:  `case s.ahead.Add(int64(n)) < 0:`,
			test: "internal/gateway.TestWhoWaitsForNoAnswerIsBounded",
		},
		{
			name: "maxStartups has no effect", promise: 8, file: "internal/gateway/startups.go",
			old:  `if rand.IntN(100) < s.refusedPercent() {`,
			new:  `if rand.IntN(100) < 0*s.refusedPercent() {`,
			test: "internal/gateway.TestStartupsLimitsAllTogether",
		},
		{
			name: "maxStartupsPerSource has no effect", promise: 8, file: "internal/gateway/startups.go",
			old:  `if s.sources[source] >= s.perSource {`,
			new:  `if s.sources[source] < 0*s.perSource {`,
			test: "internal/gateway.TestStartupsLimitsEachSource",
		},
		{
			name: "comparisons of passwords are not bounded", promise: 8, file: "internal/auth/password.go",
			old: `	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	defer func() { <-h.slots }()`,
			new:  ``,
			test: "internal/auth.TestComparisonsAreLimited",
		},
	}
}

func ofBoundsAfter() []mutant {
	return []mutant{
		{
			name: "more requests may wait", promise: 8, file: "internal/bridge/queue.go",
			old:  `maxPending = 128`,
			new:  `maxPending = 512`,
			test: "internal/bridge.TestRequestsThatWaitAreBounded/number",
		},
		{
			name: "larger requests may wait", promise: 8, file: "internal/bridge/queue.go",
			old:  `maxPendingBytes = 512 << 10`,
			new:  `maxPendingBytes = 4 << 20`,
			test: "internal/bridge.TestRequestsThatWaitAreBounded/bytes",
		},
		{
			name: "channels are not bounded", promise: 8, file: "internal/bridge/bridge.go",
			old:  `make(chan struct{}, client.MaxChannels)`,
			new:  `make(chan struct{}, client.MaxChannels+1000)`,
			test: "internal/bridge.TestChannelsThatAreRefused",
		},
		{
			name: "a log's summary is not bounded", promise: 8, file: "record/summary.go",
			old:  `if len(s.Channels) >= maxChannels {`,
			new:  `if len(s.Channels) < 0 {`,
			test: "record.TestTheSummaryOmitsChannels",
		},
		{
			name: "a session runs ahead of its store without a bound", promise: 8, file: "record/queue.go",
			old:  `case n < maxBehind,`,
			new:  `case n >= 0,`,
			test: "record.TestAStoreThatIsSlowHoldsItsSession",
		},
		{
			name: "messages that repeat are all told", promise: 8, file: "internal/quiet/quiet.go",
			old:  `if p.told < c.limit() {`,
			new:  `if p.told >= 0 {`,
			test: "internal/quiet.TestRepeatsAreTold",
		},
		{
			name: "the causes of messages are not bounded", promise: 8, file: "internal/quiet/quiet.go",
			old:  `len(s.causes) >= maxCauses {`,
			new:  `len(s.causes) < 0 {`,
			test: "internal/quiet.TestCausesAreBounded",
		},
		{
			name: "a stranger can make labels of metrics", promise: 8, file: "internal/metrics/refusal.go",
			old:  `return OtherMethod`,
			new:  `return Method(name)`,
			test: "internal/metrics.TestMethodOf",
		},
		{
			name: "a reader inflates whatever there is", promise: 8, file: "codec/binary/blocks.go",
			old:  `o.open(p, MaxContent)`,
			new:  `o.open(p, 1<<40)`,
			test: "codec/binary.TestBombs/a_block_that_inflates_beyond_its_limit",
		},
	}
}
