package binary

import (
	"errors"
	"io"

	"github.com/sshtrail/sshtrail/event"
)

// Salvaged is what recovery needs to know of a log that its writer left.
type Salvaged struct {
	Verdict Verdict
	Fault   *Fault // nil for complete, recovered and foreign
	Digest  string // of a complete or recovered log

	// The rest is set for a truncated log alone.

	// Keep is where to cut the file: behind its last whole block. It is 0 if not even the
	// header is whole.
	Keep int64
	// Cut has the whole messages of the block that was cut, canonical, back to back.
	// They come after those of the whole blocks. A summary is not among them: it holds
	// for the file as it would have been, so recovery makes its own.
	Cut         []byte
	CutMessages int
	// Writer goes on at Keep. All blocks it appends must have Block.Recovered.
	Writer *Writer
	// Sealed says that the last whole block ends with the summary, so that only the
	// end mark is missing: Writer.AppendEnd.
	Sealed bool
	// Recovered says that recovery wrote one of the whole blocks.
	Recovered bool
}

// Salvage reads a log that nobody writes to, and calls each for every message of its whole
// blocks and then for those in Cut; each may be nil, and may keep the event. The error
// is one of reading: what is wrong with the log is the verdict.
func Salvage(r io.ReaderAt, size int64, each func(*event.Event)) (*Salvaged, error) {
	return salvage(NewReader(io.NewSectionReader(r, 0, size)), each)
}

func salvage(reader *Reader, each func(*event.Event)) (*Salvaged, error) {
	tell := func(m *Message) error {
		if each == nil {
			return nil
		}
		ev, err := m.Event()
		if err == nil {
			each(&ev)
		}
		return err
	}
	m, err := reader.Next()
	for ; err == nil; m, err = reader.Next() {
		if err := tell(m); err != nil {
			return nil, err
		}
	}
	s := &Salvaged{Verdict: reader.Verdict(), Digest: reader.Digest()}
	if err == io.EOF {
		return s, nil
	}
	if !errors.As(err, &s.Fault) {
		return nil, err
	}
	if s.Verdict != Truncated {
		return s, nil
	}
	if reader.own == nil {
		s.Writer = NewWriter()
		return s, nil
	}
	o := reader.own
	s.Recovered = o.chain.recovered
	s.Keep, s.Sealed = o.chain.size, o.before.sealed
	for i := range o.messages {
		if o.messages[i].Extension == summaryName {
			break
		}
		s.Cut = append(s.Cut, o.messages[i].raw...)
		s.CutMessages++
		if err := tell(&o.messages[i]); err != nil {
			return nil, err
		}
	}
	s.Writer = &Writer{chain: o.chain, begun: true}
	return s, nil
}
