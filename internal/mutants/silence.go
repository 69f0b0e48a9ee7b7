package main

// ofSilence is against the promise that nothing is lost in silence.
func ofSilence() []mutant {
	return append(ofTrouble(), ofFullDisks()...)
}

func ofTrouble() []mutant {
	return []mutant{
		{
			name: "no disk is watched", promise: 3, file: "record/sync.go",
			old:  `hung = append(hung, l)`,
			new:  `_ = append(hung, l)`,
			test: "record.TestADiskThatHangs",
		},
		{
			name: "an error of the journal is swallowed", promise: 3, file: "record/log.go",
			old:  `err = writeFrame(s.file, frame, s.size)`,
			new:  `writeFrame(s.file, frame, s.size)`,
			test: "record.TestADiskThatIsFullEndsTheSession",
		},
		{
			name: "an error of the store is swallowed", promise: 3, file: "record/queue.go",
			old:  `if err := l.store(s, end); err != nil {`,
			new:  `if err := l.store(s, end); err != nil && s == nil {`,
			test: "record.TestErrorAtEveryCall",
		},
		{
			name: "an error of a sync is swallowed", promise: 3, file: "record/sync.go",
			old: `err := l.sync()
	l.syncMu.Unlock()`,
			new: `l.sync()
	err := error(nil)
	l.syncMu.Unlock()`,
			test: "record.TestASyncThatFailsEndsTheSession",
		},
		{
			name: "a sync that failed is not believed", promise: 3, file: "record/sync.go",
			old:  `l.unsure.Store(true) // before`,
			new:  `// before`,
			test: "record.TestWhoWaitsForASyncThatFailed",
		},
		{
			name: "a sync of many logs that failed is believed", promise: 3, file: "record/together.go",
			old:  `case err = <-done:`,
			new:  `case <-done:`,
			test: "record.TestLogsAreSyncedTogether",
		},
		{
			name: "a journal that was removed is none the less good", promise: 3, file: "record/sync.go",
			old:  `_, err := l.r.cfg.FS.Stat(s.file.path)`,
			new:  `_, err := s.file.path, error(nil)`,
			test: "record.TestASegmentThatIsRemoved",
		},
		{
			name: "gaps are not recorded", promise: 3, file: "record/trouble.go",
			old:  `if err := l.record(l.id, 0, &gap); err != nil {`,
			new:  `if err := error(nil); err != nil {`,
			test: "record.TestAGapIsRecorded",
		},
		{
			name: "a gap that recovery finds is not recorded", promise: 3, file: "record/recover.go",
			old:  `if number > m.known {`,
			new:  `if number < 0*m.known {`,
			test: "record.TestAJournalThatBeginsBehindItsLog",
		},
		{
			name: "a log does not say why it ends", promise: 3, file: "record/trouble.go",
			old:  `l.end(l.id, &event.Disconnect{By: event.ByGateway, Reason: why})`,
			new:  `l.end(l.id, &event.Disconnect{By: event.ByGateway})`,
			test: "record.TestALogSaysWhyItEnds",
		},
		{
			name: "last words are said again", promise: 3, file: "record/recover.go",
			old:  `if m.over {`,
			new:  `if m == nil {`,
			test: "record.TestLastWordsAreSaidOnce",
		},
		{
			name: "bytes that are not intercepted pass after the end", promise: 3, file: "record/log.go",
			old:  `if l.over.Load() {`,
			new:  `if l == nil {`,
			test: "record.TestSkippedBytesDoNotPassAfterTheEnd",
		},
		{
			name: "nobody is told why a session ends", promise: 3, file: "tap/tap.go",
			old:  `!c.tell("sshtrail: this connection can't be recorded any longer and ends here: "+plainly(err))`,
			new:  `plainly(err) == ""`,
			test: "tap.TestWhoeverIsEndedIsToldWhy",
		},
	}
}

func ofFullDisks() []mutant {
	return []mutant{
		{
			name: "nothing is kept in reserve", promise: 3, file: "record/volume.go",
			old:  `if err := v.makeReserve(path, want); err != nil {`,
			new:  `if err := error(nil); err != nil {`,
			test: "record.TestTheReserveIsForTheEndsOfLogs",
		},
		{
			name: "anybody may use the reserve", promise: 3, file: "record/log.go",
			old:  `if l.r.onlyEnds.Load() && !l.isOwn && !l.trouble.lastWords.Load() {`,
			new:  `if l == nil {`,
			test: "record.TestOnAFullDiskOnlyEndsAreWritten",
		},
		{
			name: "thresholds do not matter", promise: 3, file: "record/volume.go",
			old:  `case v.space.Free < refuse:`,
			new:  `case v.space.Free < 0*refuse:`,
			test: "record.TestReadyFollowsTheThresholds",
		},
		{
			name: "a recorder is always ready", promise: 3, file: "record/volume.go",
			old:  `return errors.Join(why...)`,
			new:  `return nil`,
			test: "record.TestReadyProbesTheDisk",
		},
		{
			name: "the gateway does not ask whether a session can be recorded", promise: 3, file: "internal/gateway/unrecordable.go",
			old:  `return g.Recorder.Ready()`,
			new:  `return nil`,
			test: "internal/gateway.TestRecordingEndsBeforeTheSignature",
		},
		{
			name: "the gateway does not ask again when a key is proved", promise: 3, file: "internal/gateway/session.go",
			old:  `return p, s.denyUnrecordable()`,
			new:  `return p, nil`,
			test: "internal/gateway.TestRecordingEndsBeforeTheSignature",
		},
	}
}
