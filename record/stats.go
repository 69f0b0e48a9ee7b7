package record

import "time"

// Stats is what a Recorder can tell of itself at a moment. Numbers that count since its
// beginning never fall.
type Stats struct {
	// Logs that are being written: those of connections that are logged in, and the
	// recorder's own.
	Open int
	// What became of logs: with their end, finished after a crash or a failure, and
	// given up for now (see Left), since the beginning.
	Completed, Recovered, GivenUp uint64
	// Left are the logs that wait, now, to be finished.
	Left int

	Events uint64 // recorded
	Bytes  uint64 // of events, before compression
	Stored uint64 // bytes of logs written to the store

	// Journal is the bytes of events that no log in the store has yet.
	Journal int64
	// Unsynced is the age of the oldest event that a power cut would cost; 0 if there
	// is none.
	Unsynced time.Duration
	Syncs    Histogram // how long syncing took, of journals and logs

	// Failures counts what went wrong, by kind (see [FailureKinds]).
	Failures map[string]uint64
	// Gaps counts the gaps under Continue, and Gapped the logs that have one now.
	Gaps   uint64
	Gapped int

	Disks []DiskStats
}

// FailureKinds are the kinds of failures there are: a disk that is full or may not be used
// further, that failed, that may not be written, that does not answer; a process that has
// no more descriptors; and what is none of these.
func FailureKinds() []string {
	return []string{"full", "io", "readonly", "hung", "descriptors", "other"}
}

// Histogram counts durations: Counts[i] of them took at most SyncBounds()[i], and All is their
// number.
type Histogram struct {
	Counts []uint64
	All    uint64
	Sum    time.Duration
}

// SyncBounds are the upper bounds of Stats.Syncs.
func SyncBounds() []time.Duration {
	return []time.Duration{
		100 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond,
		500 * time.Millisecond, 2 * time.Second, 5 * time.Second,
	}
}

// DiskStats is the room on a disk that logs depend on, as it was looked at last.
type DiskStats struct {
	Folder          string
	Free, Size      uint64 // bytes, for this user
	FreeFiles       uint64 // files that can be made; 0 of 0 where the file system has no limit
	Files           uint64
	Warn, Refuse    uint64 // bytes: below these it warns, or is not Ready
	ReserveIsFilled bool
}

// Stats returns what the recorder can tell of itself. It waits for no disk.
func (r *Recorder) Stats() Stats {
	return Stats{Failures: map[string]uint64{}}
}

// Ready returns nil if a session that begins now would be recorded, or else why not. It
// waits for no disk.
func (r *Recorder) Ready() error { return nil }
