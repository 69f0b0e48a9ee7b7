package binary

import "fmt"

// Verdict is what a reader finds out about a whole file. Of several files the one with
// the highest [Verdict.Status] counts. The zero Verdict is that of a file which was not read to
// its end.
type Verdict int

// The verdicts, in the order in which they are looked for: the first that applies.
const (
	NotALog   Verdict = iota + 1 // the magic is another, or the version
	Tampered                     // what no writer, cut or crash leaves
	Truncated                    // no end mark, and good as far as it goes
	Open                         // as truncated, and its writer is at work; only a caller can know
	Foreign                      // ContainerSSH's own
	Recovered                    // whole, and recovery has finished it
	Complete                     // whole
)

// String returns the verdict's words.
func (v Verdict) String() string {
	switch v {
	case NotALog:
		return "not a log"
	case Tampered:
		return "tampered"
	case Truncated:
		return "truncated"
	case Open:
		return "open"
	case Foreign:
		return "foreign"
	case Recovered:
		return "recovered"
	case Complete:
		return "complete"
	}
	return "unknown"
}

// Status returns the exit status of a command that reads a file with this verdict.
func (v Verdict) Status() int {
	switch v {
	case Foreign, Recovered, Complete:
		return 0
	case Truncated, Open:
		return 3
	case Tampered:
		return 4
	}
	return 1
}

// Fault is where and why reading a file ended before its end mark.
type Fault struct {
	Verdict Verdict
	Block   int    // number of the block, or of the block that would be next; -1 in a foreign file
	Offset  int64  // of that block in the file; in a foreign file, about of the fault
	Message uint64 // number of the first message that was not read
	Why     string // for people
}

func (f *Fault) Error() string {
	switch {
	case f.Offset == 0:
		return fmt.Sprintf("%s: %s", f.Verdict, f.Why)
	case f.Block < 0:
		return fmt.Sprintf("%s: message %d at about offset %d: %s", f.Verdict, f.Message, f.Offset, f.Why)
	}
	return fmt.Sprintf("%s: block %d at offset %d, message %d: %s", f.Verdict, f.Block, f.Offset, f.Message, f.Why)
}
