package main

// ofExactness is against the promise that a log says what was.
func ofExactness() []mutant {
	return []mutant{
		{
			name: "a buffer is kept that is used again, before the login", promise: 2, file: "record/log.go",
			old:  `earlyFrame{bytes.Clone(frame), l.ev.Time, kind}`,
			new:  `earlyFrame{frame, l.ev.Time, kind}`,
			test: "record.TestALogIsWhatHappened",
		},
		{
			name: "a write that was given up has a buffer that is used again", promise: 2, file: "record/log.go",
			old:  `frame = bytes.Clone(frame) // it may be given up and still be at work`,
			new:  ``,
			test: "record.TestAWriteThatWasGivenUpKeepsItsBytes",
		},
		{
			name: "events have times that go back", promise: 2, file: "record/log.go",
			old:  `l.last = max(l.last, t, 0)`,
			new:  `l.last = max(t, 0)`,
			test: "record.TestAClockStepReordersNothing",
		},
		{
			name: "what was in a file of the journal before counts", promise: 2, file: "record/segment.go",
			old:  `return binary.LittleEndian.Uint32(head[4:])`,
			new:  `return 0 * uint32(head[4])`,
			test: "record.TestFilesAreUsedAgain",
		},
		{
			name: "recovery writes what the log has already", promise: 2, file: "record/recover.go",
			old:  `if number++; number <= m.known {`,
			new:  `if number++; number <= 0 {`,
			test: "record.TestKilledAtEveryCall",
		},
		{
			name: "standard error is recorded as standard output", promise: 2, file: "tap/channel.go",
			old:  `ch.in.Stream, ch.out.io.Stream, ch.err.io.Stream = event.Stdin, event.Stdout, event.Stderr`,
			new:  `ch.in.Stream, ch.out.io.Stream, ch.err.io.Stream = event.Stdin, event.Stdout, event.Stdout`,
			test: "tap.TestASessionIsRecordedExactly",
		},
		{
			name: "a log without a lock", promise: 2, file: "record/log.go",
			old:  `sem: make(chan struct{}, 1)`,
			new:  `sem: make(chan struct{}, 100)`,
			test: "record.TestConcurrentEmitters", race: true,
		},
	}
}
