package metrics

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/sshtrail/sshtrail/record"
)

// full is a snapshot in which every row of the table has a value.
func full() snapshot {
	return snapshot{
		version:  "v1.2.3",
		messages: Messages{Dropped: 1, HeldBack: 2},
		gateway: &Gateway{
			Startups: 3, Sessions: 4, Farewells: 5, Connections: 6,
			Refused: map[Refusal]uint64{Denied: 7}, Logins: map[Method]uint64{PublicKey: 8},
		},
		recorder: &record.Stats{
			Open: 9, Completed: 10, Recovered: 11, GivenUp: 12, Left: 13,
			Events: 14, Bytes: 15, Stored: 16, Journal: 17, Unsynced: 1800 * time.Millisecond,
			Syncs:    record.Histogram{Counts: []uint64{0, 1, 1, 2, 2, 2, 3, 3}, All: 4, Sum: 9500 * time.Millisecond},
			Failures: map[string]uint64{"full": 19}, Gaps: 20, Gapped: 21,
			Copies: []record.CopyStats{{Name: "asciinema in file", Done: 40, Waiting: 41, Failed: 42}},
			Disks:  []record.DiskStats{{Folder: "/journal", Free: 22, Size: 23, FreeFiles: 24, Files: 25, Warn: 26, Refuse: 27, Reserve: 28}},
		},
		uploads: &Uploads{
			Waiting: 29, Oldest: 30 * time.Second, Open: 31, Spool: 32, SpoolLimit: 33, Freed: 34, Sent: 35, Works: true,
			Results: map[Result]uint64{"ok": 36, "retry": 37},
		},
		ready: true,
	}
}

func gather(t *testing.T, s snapshot) *prometheus.Registry {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(newCollector(s))
	return r
}

// text returns all metrics as Prometheus reads them.
func text(t *testing.T, s snapshot) string {
	t.Helper()
	w := httptest.NewRecorder()
	promhttp.HandlerFor(gather(t, s), promhttp.HandlerOpts{ErrorHandling: promhttp.PanicOnError}).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	return w.Body.String()
}

func TestMetricsKeepPrometheusRules(t *testing.T) {
	problems, err := testutil.GatherAndLint(gather(t, full()))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	n, err := testutil.GatherAndCount(gather(t, full()))
	if err != nil {
		t.Fatal(err)
	}
	if n < len(rows()) {
		t.Errorf("there are %d series, want one at least for each of %d metrics", n, len(rows()))
	}
}

func TestNumbersAreTold(t *testing.T) {
	got := text(t, full())
	for _, want := range []string{
		`sshtrail_build_info{version="v1.2.3"} 1`, `sshtrail_ready 1`, `sshtrail_recording 1`,
		`sshtrail_messages_dropped_total 1`, `sshtrail_messages_held_back_total 2`,
		`sshtrail_connections{state="startup"} 3`, `sshtrail_connections{state="session"} 4`, `sshtrail_connections{state="farewell"} 5`,
		`sshtrail_sessions 4`, `sshtrail_connections_total 6`,
		`sshtrail_connections_refused_total{reason="denied"} 7`, `sshtrail_connections_refused_total{reason="not_ssh"} 0`,
		`sshtrail_logins_total{method="publickey"} 8`, `sshtrail_logins_total{method="password"} 0`,
		`sshtrail_logs_open 9`, `sshtrail_logs_ended_total{outcome="complete"} 10`, `sshtrail_logs_ended_total{outcome="recovered"} 11`,
		`sshtrail_logs_ended_total{outcome="unfinished"} 12`, `sshtrail_logs_unfinished 13`,
		`sshtrail_events_total 14`, `sshtrail_recorded_bytes_total 15`, `sshtrail_stored_bytes_total 16`,
		`sshtrail_journal_bytes 17`, `sshtrail_unsynced_seconds 1.8`,
		`sshtrail_sync_duration_seconds_bucket{le="0.001"} 1`, `sshtrail_sync_duration_seconds_bucket{le="5"} 3`,
		`sshtrail_sync_duration_seconds_bucket{le="+Inf"} 4`, `sshtrail_sync_duration_seconds_sum 9.5`, `sshtrail_sync_duration_seconds_count 4`,
		`sshtrail_recording_failures_total{kind="full"} 19`, `sshtrail_recording_failures_total{kind="io"} 0`,
		`sshtrail_gaps_total 20`, `sshtrail_gaps_open 21`,
		`sshtrail_copies_total{copy="asciinema in file"} 40`, `sshtrail_copies_waiting{copy="asciinema in file"} 41`,
		`sshtrail_copy_failures_total{copy="asciinema in file"} 42`,
		`sshtrail_disk_free_bytes{folder="/journal"} 22`, `sshtrail_disk_size_bytes{folder="/journal"} 23`,
		`sshtrail_disk_free_files{folder="/journal"} 24`, `sshtrail_disk_files{folder="/journal"} 25`,
		`sshtrail_disk_warn_bytes{folder="/journal"} 26`, `sshtrail_disk_refuse_bytes{folder="/journal"} 27`,
		`sshtrail_disk_reserve_bytes{folder="/journal"} 28`,
		`sshtrail_upload_logs_waiting 29`, `sshtrail_upload_oldest_seconds 30`, `sshtrail_uploads_open 31`, `sshtrail_upload_works 1`,
		`sshtrail_spool_bytes 32`, `sshtrail_spool_limit_bytes 33`, `sshtrail_spool_freed_bytes_total 34`, `sshtrail_uploaded_bytes_total 35`,
		`sshtrail_uploads_total{result="ok"} 36`, `sshtrail_uploads_total{result="retry"} 37`, `sshtrail_uploads_total{result="final"} 0`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("there is no %s", want)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

// What is not there has no number, rather than a wrong one.
func TestNothingIsMadeUp(t *testing.T) {
	starting := full()
	starting.gateway, starting.recorder, starting.uploads, starting.ready = nil, nil, nil, false
	for name, s := range map[string]snapshot{"starting": starting} {
		got := text(t, s)
		for _, absent := range []string{"sshtrail_sessions", "sshtrail_recording", "sshtrail_logs_open", "sshtrail_sync_duration", "sshtrail_disk", "sshtrail_upload", "sshtrail_spool"} {
			if strings.Contains(got, absent) {
				t.Errorf("%s: there is %s:\n%s", name, absent, got)
			}
		}
		if !strings.Contains(got, "sshtrail_ready 0\n") {
			t.Errorf("%s: it is not said that the gateway is not ready:\n%s", name, got)
		}
	}
	unrecorded := full()
	unrecorded.recorder = nil
	if got := text(t, unrecorded); !strings.Contains(got, "sshtrail_recording 0\n") || strings.Contains(got, "sshtrail_logs_open") {
		t.Errorf("without a recorder there is\n%s", got)
	}
}

// Folders are the operator's, and may be named and shared as they like.
func TestAnyFolder(t *testing.T) {
	s := full()
	s.recorder.Disks = []record.DiskStats{{Folder: "/a\xff\"\n"}, {Folder: "/a\xff\"\n"}, {Folder: ""}}
	if problems, err := testutil.GatherAndLint(gather(t, s)); err != nil || len(problems) > 0 {
		t.Errorf("GatherAndLint = %v, %v", problems, err)
	}
}

// The labels that there are, and where their values come from. None is a peer's: a
// stranger can make no series, and nobody's name is told.
func TestLabelsAreClosedSets(t *testing.T) {
	known := map[string][]string{
		"version": {"v1.2.3"},            // the program's
		"folder":  {"/journal"},          // the configuration's
		"copy":    {"asciinema in file"}, // likewise
	}
	for _, label := range []string{"state", "outcome", "reason", "method", "kind", "result"} {
		known[label] = values(label)
	}
	s := full()
	// What the gateway might wrongly count by.
	s.gateway.Refused["peer\x1b"], s.gateway.Logins["alice"], s.recorder.Failures["write /j/0199"] = 1, 1, 1
	families, err := gather(t, s).Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if !slices.Contains(known[l.GetName()], l.GetValue()) {
					t.Errorf("%s has %s=%q, which is in no closed set", f.GetName(), l.GetName(), l.GetValue())
				}
			}
		}
	}
}

func texts[T ~string](values []T) []string {
	var s []string
	for _, v := range values {
		s = append(s, string(v))
	}
	return s
}

func TestMethodOf(t *testing.T) {
	for name, want := range map[string]Method{"publickey": PublicKey, "password": Password, "keyboard-interactive": KeyboardInteractive, "gssapi-with-mic": OtherMethod, "x\x1b": OtherMethod} {
		if got := MethodOf(name); got != want {
			t.Errorf("MethodOf(%q) = %q, want %q", name, got, want)
		}
	}
}
