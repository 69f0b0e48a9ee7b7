package main

import (
	"github.com/sshtrail/sshtrail/internal/metrics"
	"github.com/sshtrail/sshtrail/storage/s3"
)

// uploads returns what tells of uploads to where logs are kept; nil if there are none, as
// when nothing is recorded.
func (k *keeping) uploads() func() metrics.Uploads {
	if k == nil {
		return nil
	}
	for _, p := range k.places {
		if store, ok := p.store.(*s3.Store); ok {
			return func() metrics.Uploads { return uploadsOf(store.Stats()) }
		}
	}
	return nil
}

func uploadsOf(s s3.Stats) metrics.Uploads {
	return metrics.Uploads{
		Waiting: s.Waiting, Oldest: s.Oldest, Open: s.Uploads, Works: s.Works,
		Spool: s.SpoolBytes, SpoolLimit: s.SpoolLimit, Freed: s.FreedBytes, Sent: s.SentBytes,
		Results: map[metrics.Result]uint64{
			"ok": s.Outcomes.OK, "retry": s.Outcomes.Retry, "operator": s.Outcomes.Operator, "final": s.Outcomes.Final,
		},
	}
}
