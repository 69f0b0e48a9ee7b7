package metrics

import (
	"strings"

	"github.com/sshtrail/sshtrail/record"
)

// kind is what Prometheus calls the type of a metric.
type kind string

const (
	counter   kind = "counter"
	gauge     kind = "gauge"
	histogram kind = "histogram"
)

// row is a metric: what it is called, what it means, and where its values are. put is
// given one value for each value of the label, "" where it has none.
type row struct {
	name  string
	kind  kind
	label string
	help  string
	read  func(s *snapshot, put func(value float64, label string))
}

// snapshot is all that was asked at one moment.
type snapshot struct {
	version  string
	messages Messages
	gateway  *Gateway      // nil while the gateway starts
	recorder *record.Stats // nil then, and if nothing is recorded
	uploads  *Uploads      // nil then, and if none are made
	ready    bool
}

const namespace = "sshtrail_"

// rows is the table of all metrics. docs/operations.md is made of it.
func rows() []row {
	var all []row
	for _, part := range [][]row{processRows(), gatewayRows(), logRows(), troubleRows(), copyRows(), diskRows(), uploadRows()} {
		all = append(all, part...)
	}
	return all
}

func processRows() []row {
	return []row{
		{"build_info", gauge, "version", "Always 1; the label has the version that runs.", func(s *snapshot, put func(float64, string)) {
			put(1, s.version)
		}},
		{"ready", gauge, "", "1 if a session that begins now would be accepted and recorded, as /readyz says with the reasons; 0 if not.", func(s *snapshot, put func(float64, string)) {
			put(truth(s.ready), "")
		}},
		{"messages_dropped_total", counter, "", "Messages that were lost because whoever reads standard error is too slow.", func(s *snapshot, put func(float64, string)) {
			put(float64(s.messages.Dropped), "")
		}},
		{"messages_held_back_total", counter, "", "Messages that were told as a number only, since they repeat another.", func(s *snapshot, put func(float64, string)) {
			put(float64(s.messages.HeldBack), "")
		}},
	}
}

func gatewayRows() []row {
	return []row{
		gatewayRow("connections", gauge, "state", "Connections now: not logged in yet (startup), logged in (session), and being told why they are refused (farewell).", func(g *Gateway, put func(float64, string)) {
			put(float64(g.Startups), "startup")
			put(float64(g.Sessions), "session")
			put(float64(g.Farewells), "farewell")
		}),
		gatewayRow("sessions", gauge, "", "Connections that are logged in now.", func(g *Gateway, put func(float64, string)) {
			put(float64(g.Sessions), "")
		}),
		gatewayRow("connections_total", counter, "", "Connections that were accepted. Each becomes a login or a refusal.", func(g *Gateway, put func(float64, string)) {
			put(float64(g.Connections), "")
		}),
		gatewayRow("connections_refused_total", counter, "reason", "Connections that ended without a login, by reason.", func(g *Gateway, put func(float64, string)) {
			for _, why := range Refusals() {
				put(float64(g.Refused[why]), string(why))
			}
		}),
		gatewayRow("logins_total", counter, "method", "Logins, by the method that succeeded last.", func(g *Gateway, put func(float64, string)) {
			for _, m := range Methods() {
				put(float64(g.Logins[m]), string(m))
			}
		}),
		gatewayRow("recording", gauge, "", "1 if the configuration has sessions recorded, 0 if it says that nothing is.", nil),
	}
}

// gatewayRow is a row that has values once the gateway serves.
func gatewayRow(name string, k kind, label, help string, read func(g *Gateway, put func(float64, string))) row {
	return row{name, k, label, help, func(s *snapshot, put func(float64, string)) {
		switch {
		case s.gateway == nil:
		case read == nil:
			put(truth(s.recorder != nil), "")
		default:
			read(s.gateway, put)
		}
	}}
}

func logRows() []row {
	return []row{
		recorderRow("logs_open", gauge, "", "Logs that are being written: one for each session, and the gateway's own.", func(r *record.Stats, put func(float64, string)) {
			put(float64(r.Open), "")
		}),
		recorderRow("logs_ended_total", counter, "outcome", "Logs that ended: with their end (complete), finished after a crash or a failure (recovered), or given up for now (unfinished).", func(r *record.Stats, put func(float64, string)) {
			put(float64(r.Completed), "complete")
			put(float64(r.Recovered), "recovered")
			put(float64(r.GivenUp), "unfinished")
		}),
		recorderRow("logs_unfinished", gauge, "", "Logs that wait, now, to be finished.", func(r *record.Stats, put func(float64, string)) {
			put(float64(r.Left), "")
		}),
		recorderRow("events_total", counter, "", "Events that were recorded.", func(r *record.Stats, put func(float64, string)) {
			put(float64(r.Events), "")
		}),
		recorderRow("recorded_bytes_total", counter, "", "Bytes of events that were recorded, before compression.", func(r *record.Stats, put func(float64, string)) {
			put(float64(r.Bytes), "")
		}),
		recorderRow("stored_bytes_total", counter, "", "Bytes of logs that were written to the store, after compression.", func(r *record.Stats, put func(float64, string)) {
			put(float64(r.Stored), "")
		}),
		recorderRow("journal_bytes", gauge, "", "Bytes of events that are in the journal and in no log yet.", func(r *record.Stats, put func(float64, string)) {
			put(float64(r.Journal), "")
		}),
		recorderRow("unsynced_seconds", gauge, "", "Age of the oldest event that a power cut would cost now; 0 if there is none.", func(r *record.Stats, put func(float64, string)) {
			put(r.Unsynced.Seconds(), "")
		}),
		recorderRow("sync_duration_seconds", histogram, "", "How long it took to sync journals and logs to the disk.", nil),
	}
}

func troubleRows() []row {
	return []row{
		recorderRow("recording_failures_total", counter, "kind", "What kept the recorder from its work: a disk that is full, failed (io), is readonly or does not answer (hung), no file descriptors, or something other.", func(r *record.Stats, put func(float64, string)) {
			for _, k := range record.FailureKinds() {
				put(float64(r.Failures[k]), k)
			}
		}),
		recorderRow("gaps_total", counter, "", "Gaps that logs got under audit.onFailure: continue.", func(r *record.Stats, put func(float64, string)) {
			put(float64(r.Gaps), "")
		}),
		recorderRow("gaps_open", gauge, "", "Sessions that go on unrecorded now, under audit.onFailure: continue.", func(r *record.Stats, put func(float64, string)) {
			put(float64(r.Gapped), "")
		}),
	}
}

func copyRows() []row {
	return []row{
		copyRow("copies_waiting", gauge, "Logs that are not wholly in a further format or storage yet, those of open sessions counted.", func(c *record.CopyStats) float64 { return float64(c.Waiting) }),
		copyRow("copies_total", counter, "Logs that were copied into a further format or storage, to their end.", func(c *record.CopyStats) float64 { return float64(c.Done) }),
		copyRow("copy_failures_total", counter, "Tries to copy that failed. They are repeated until they work.", func(c *record.CopyStats) float64 { return float64(c.Failed) }),
	}
}

// copyRow has a value for each format in each storage that is made of the log of record.
func copyRow(name string, k kind, help string, value func(c *record.CopyStats) float64) row {
	return recorderRow(name, k, "copy", help, func(r *record.Stats, put func(float64, string)) {
		for i := range r.Copies {
			put(value(&r.Copies[i]), r.Copies[i].Name)
		}
	})
}

func diskRows() []row {
	return []row{
		diskRow("disk_free_bytes", "Room on the disk of a folder that logs depend on.", func(d *record.DiskStats) float64 { return float64(d.Free) }),
		diskRow("disk_size_bytes", "Size of the disk.", func(d *record.DiskStats) float64 { return float64(d.Size) }),
		diskRow("disk_free_files", "Files that can still be made on the disk; 0 of 0 where there is no limit.", func(d *record.DiskStats) float64 { return float64(d.FreeFiles) }),
		diskRow("disk_files", "Files that the disk has room for.", func(d *record.DiskStats) float64 { return float64(d.Files) }),
		diskRow("disk_warn_bytes", "With less room than this the gateway warns.", func(d *record.DiskStats) float64 { return float64(d.Warn) }),
		diskRow("disk_refuse_bytes", "With less room than this the gateway takes no new session.", func(d *record.DiskStats) float64 { return float64(d.Refuse) }),
		diskRow("disk_reserve_bytes", "Room on the disk that is kept for the ends of logs.", func(d *record.DiskStats) float64 { return float64(d.Reserve) }),
	}
}

// recorderRow is a row that has values while something is recorded.
func recorderRow(name string, k kind, label, help string, read func(r *record.Stats, put func(float64, string))) row {
	return row{name, k, label, help, func(s *snapshot, put func(float64, string)) {
		if s.recorder != nil {
			read(s.recorder, put)
		}
	}}
}

// diskRow is a gauge for each folder that logs depend on.
func diskRow(name, help string, value func(d *record.DiskStats) float64) row {
	return recorderRow(name, gauge, "folder", help, func(r *record.Stats, put func(float64, string)) {
		seen := map[string]bool{} // a folder may serve as both, and a series is there once
		for i := range r.Disks {
			d := &r.Disks[i]
			folder := strings.ToValidUTF8(d.Folder, "\ufffd")
			if !seen[folder] {
				seen[folder] = true
				put(value(d), folder)
			}
		}
	})
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
