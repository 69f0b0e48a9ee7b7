package main

// ofDelivery is against the promise that what passes was recorded before.
func ofDelivery() []mutant {
	return []mutant{
		{
			name: "output passes although its record failed", promise: 1, file: "tap/channel.go",
			old:  `if err := c.data(&o.io, part); err != nil {`,
			new:  `if err := c.data(&o.io, part); err != nil && n < 0 {`,
			test: "tap.TestNothingPassesUnrecorded/output",
		},
		{
			name: "output is recorded when it has passed", promise: 1, file: "tap/channel.go",
			old: `		if err := c.data(&o.io, part); err != nil {
			return n, err
		}
		m, err := w.Write(part)`,
			new: `		m, err := w.Write(part)
		if err := c.data(&o.io, part); err != nil {
			return n, err
		}`,
			test: "tap.TestNothingPassesUnrecorded/output",
		},
		{
			name: "input passes although its record failed", promise: 1, file: "tap/channel.go",
			old:  `if e := c.data(&c.in, p[:n]); e != nil {`,
			new:  `if e := c.data(&c.in, p[:n]); e != nil && n < 0 {`,
			test: "tap.TestNothingPassesUnrecorded/input",
		},
		{
			name: "input is recorded when it has passed", promise: 1, file: "tap/channel.go",
			old: `if e := c.data(&c.in, p[:n]); e != nil {`,
			new: `go c.data(&event.IO{Stream: event.Stdin}, append([]byte(nil), p[:n]...))
		if e := error(nil); e != nil {`,
			test: "tap.TestNothingPassesUnrecorded/input",
		},
		{
			name: "a request passes although its record failed", promise: 1, file: "tap/request.go",
			old: `switch err := c.emit(body); {`,
			new: `c.emit(body)
			switch err := error(nil); {`,
			test: "tap.TestNothingPassesUnrecorded/request",
		},
		{
			name: "a login that is not recorded is one", promise: 1, file: "tap/server.go",
			old:  `err = fmt.Errorf("record the authentication: %w: %w", ErrNotRecorded, auth.err)`,
			new:  `_ = fmt.Errorf("record the authentication: %w: %w", ErrNotRecorded, auth.err)`,
			test: "tap.TestALoginThatCannotBeRecordedIsTurnedAway",
		},
		{
			name: "what was before the login is in no journal", promise: 1, file: "record/log.go",
			old:  `for len(l.early) > 0 {`,
			new:  `for len(l.early) < 0 {`,
			test: "record.TestKilledAtEveryCall",
		},
		{
			name: "with sync: 0 nobody waits for the sync", promise: 1, file: "record/log.go",
			old:  `if err = l.awaitSync(number); err != nil {`,
			new:  `if err = l.awaitSync(0 * number); err != nil {`,
			test: "record.TestPowerCutAtEveryCall",
		},
		{
			name: "the journal is not synced", promise: 1, file: "record/sync.go",
			old:  `if err := s.file.Sync(); err != nil {`,
			new:  `if err := error(nil); err != nil {`,
			test: "record.TestPowerCutAtEveryCall",
		},
		{
			name: "a part of the journal that is full is not synced", promise: 1, file: "record/sync.go",
			old:  `if err := l.do(busySync, s.file.Sync); err != nil {`,
			new:  `if err := error(nil); err != nil {`,
			test: "record.TestPowerCutAtEveryCall",
		},
		{
			name: "the journal's names are not synced", promise: 1, file: "record/sync.go",
			old:  `if err := r.cfg.FS.SyncDir(r.dir); err != nil {`,
			new:  `if err := error(nil); err != nil {`,
			test: "record.TestPowerCutAtEveryCall",
		},
	}
}
