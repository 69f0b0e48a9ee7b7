package main

// ofOutages is against the promise that a local copy goes only when the other is proved, and
// that a store may be away. There is no store but a folder.
func ofOutages() []mutant {
	return []mutant{
		{
			name: "the journal goes before the log is synced", promise: 9, file: "record/sync.go",
			old:  `return l.q.writer.Sync()`,
			new:  `return nil`,
			test: "record.TestSegmentsGoWhenTheirBlocksAreDurable",
		},
		{
			name: "a store lets go of more than recovery can do without", promise: 9, file: "record/checkpoint.go",
			old:  `w.Release(offset)`,
			new:  `w.Release(offset + 1)`,
			test: "record.TestReleasedBytesAreNotNeeded",
		},
		{
			name: "copies end with their process", promise: 9, file: "record/mark.go",
			old:  `r.newCopied(id, nil).finish()`,
			new:  `r.newCopied(id, nil)`,
			test: "record.TestCopiesOutliveTheProcess",
		},
		{
			name: "a log goes before all copies have it", promise: 9, file: "record/copy.go",
			old:  `if of.left.Add(-1) > 0 {`,
			new:  `if of.left.Add(-1) < 0 {`,
			test: "record.TestALogThatIsThereToBeCopiedGoes",
		},
		{
			name: "the tail of a log is without its journal", promise: 9, file: "record/tail.go",
			old:  `state = append(state, newFrame(frameSegment, b, 0)...)`,
			new:  `_ = newFrame(frameSegment, b, 0)`,
			test: "record.TestTailsOutliveTheHost",
		},
		{
			name: "the journal of a log that can't be finished goes", promise: 9, file: "record/recover.go",
			old:  `if err != nil && !errors.Is(err, ErrNothingSaved) {`,
			new:  `if err != nil && errors.Is(err, ErrNothingSaved) {`,
			test: "record.TestALogThatWasGivenUpIsMended",
		},
		{
			name: "a process's journal is recovered by another while it lives", promise: 9, file: "record/instance.go",
			old:  `if err := f.TryLock(disk.Exclusive); err != nil {`,
			new:  `if err := error(nil); err != nil {`,
			test: "record.TestTwoRecordersShareAJournal",
		},
		{
			name: "a store that is away ends the session, whatever the policy", promise: 9, file: "record/queue.go",
			old:  `waits := l.r.cfg.OnFailure == Continue && !l.r.isClosed()`,
			new:  `waits := l == nil`,
			test: "record.TestTheStoreIsAway",
		},
		{
			name: "a log is finished though its file is another's", promise: 9, file: "storage/file/writer.go",
			old: `	if err := w.isThere(); err != nil {
		return err
	}`,
			new:  ``,
			test: "storage/file.TestCommitReplacesNothing",
		},
		{
			name: "a log replaces a finished one", promise: 9, file: "storage/file/writer.go",
			old:  `if err := w.s.notFinished(w.name); err != nil {`,
			new:  `if err := error(nil); err != nil {`,
			test: "storage/file.TestCommitReplacesNothing",
		},
		{
			name: "a log is finished before its bytes are synced", promise: 9, file: "storage/file/writer.go",
			old:  `if err := w.f.Sync(); err != nil { // before`,
			new:  `if err := error(nil); err != nil { // before`,
			test: "storage/file.TestDeathAtEveryCall",
		},
		{
			name: "a finished log's name is not synced", promise: 9, file: "storage/file/writer.go",
			old: `	return w.s.fs.SyncDir(w.s.dir)
`,
			new: `	return nil
`,
			test: "storage/file.TestFinishedSurvivesAPowerCut",
		},
	}
}
