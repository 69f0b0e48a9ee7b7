package s3

import "time"

// Stats is what a store can tell of itself.
type Stats struct {
	SpoolBytes uint64 // on this machine, holes not counted
	SpoolLimit uint64 // that may be
	FreedBytes uint64 // given back before their log was finished
	Waiting    int    // logs that are finished, and not proved to be in the bucket
	Uploads    int    // multipart uploads that this process has open
	SentBytes  uint64
	Oldest     time.Duration // how long the first of Waiting has waited; 0 if there is none
	Outcomes   Outcomes
	Works      bool // the last request that says so was answered as it should be
}

// Outcomes count requests: those that made a log's object be proved, and those that failed, by what can
// help.
type Outcomes struct{ OK, Retry, Operator, Final uint64 }

// Stats waits for nothing.
func (s *Store) Stats() Stats {
	st := Stats{
		SpoolBytes: uint64(max(s.budget.used(), 0)), SpoolLimit: uint64(max(s.budget.limit.Load(), 0)),
		FreedBytes: s.count.freed.Load(), SentBytes: s.count.bytes.Load(),
		Outcomes: Outcomes{s.count.ok.Load(), s.count.retry.Load(), s.count.operator.Load(), s.count.final.Load()},
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Waiting, st.Works = len(s.finished), s.gate.failures == 0
	if st.Waiting > 0 {
		st.Oldest = max(time.Since(s.finished[0].since), 0)
	}
	for _, l := range s.logs {
		if l.p != nil && l.p.upload != "" {
			st.Uploads++
		}
	}
	return st
}
