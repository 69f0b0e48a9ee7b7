package main

// ofEnds is against the promise that a reader knows how a log ends.
func ofEnds() []mutant {
	return []mutant{
		{
			name: "any end mark will do", promise: 4, file: "codec/binary/head.go",
			old:  `if i := mismatch(p[:n], mark[:n]); i >= 0 {`,
			new:  `if i := mismatch(p[:n], mark[:n]); i > n {`,
			test: "codec/binary.TestForgedEndMark",
		},
		{
			name: "the hash of the block before is not compared", promise: 4, file: "codec/binary/head.go",
			old:  `r.same("hash of the block before", c.previous[:])`,
			new:  `r.at += len(c.previous)`,
			test: "codec/binary.TestForgedBlocks",
		},
		{
			name: "something may follow the end mark", promise: 4, file: "codec/binary/reader.go",
			old:  `} else if n > 0 {`,
			new:  `} else if n < 0 {`,
			test: "codec/binary.TestAfterTheEnd",
		},
		{
			name: "listings believe any end mark", promise: 4, file: "codec/binary/tail.go",
			old:  `if string(c.appendEnd(nil)) != string(mark) {`,
			new:  `if len(mark) == 0 {`,
			test: "codec/binary.TestReadTailFlip",
		},
		{
			name: "the checksum of a block is not compared", promise: 4, file: "codec/binary/blocks.go",
			old:  `if want := checksums(content); !bytes.Equal(tail, want[:]) {`,
			new:  `if want := checksums(content); len(tail) != len(want) {`,
			test: "codec/binary.TestForgedBlocks",
		},
		{
			name: "something may stand behind a block's content", promise: 4, file: "codec/binary/blocks.go",
			old:  `case used != len(data):`,
			new:  `case used > len(data):`,
			test: "internal/formattest.TestSentencesAboutMembers",
		},
		{
			name: "a log without an end mark is complete", promise: 4, file: "codec/binary/reader.go",
			old: `return r.fault(Truncated, "the file ends without an end mark")`,
			new: `r.verdict = Complete
		return io.EOF`,
			test: "codec/binary.TestCut",
		},
		{
			name: "what recovery writes is not marked", promise: 4, file: "record/recover.go",
			old:  `m.block.Recovered = true`,
			new:  ``,
			test: "record.TestRecoveryKilledAtEveryCall",
		},
		{
			name: "a frame of the journal is believed without its checksum", promise: 4, file: "record/segment.go",
			old:  `crc32.Update(seed, castagnoli, f[8:]) != binary.LittleEndian.Uint32(f[4:])`,
			new:  `crc32.Update(seed, castagnoli, f[8:]) == 0 && len(f) == 0`,
			test: "record.TestPowerCutAtEveryCall",
		},
	}
}
