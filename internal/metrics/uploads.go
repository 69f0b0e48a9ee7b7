package metrics

import "time"

// Uploads is what a storage that takes its logs over a network can tell of itself.
type Uploads struct {
	Waiting    int           // logs that are finished and not proved to be there
	Oldest     time.Duration // how long the first of them has waited
	Open       int           // multipart uploads
	Spool      uint64        // bytes on this machine
	SpoolLimit uint64
	Freed      uint64 // bytes given back before their log was finished
	Sent       uint64 // bytes
	Works      bool
	Results    map[Result]uint64
}

// Result is what came of an upload.
type Result string

// Results returns all of them: that a log was proved to be there, and the kinds of failures by what can
// help against them.
func Results() []Result { return []Result{"ok", "retry", "operator", "final"} }

func uploadRows() []row {
	return []row{
		uploadRow("uploads_total", counter, "result", "Logs that were stored in the bucket (ok), and requests that failed: those that are tried again (retry), that somebody must do something about (operator), and that the store refuses for good (final).", func(u *Uploads, put func(float64, string)) {
			for _, r := range Results() {
				put(float64(u.Results[r]), string(r))
			}
		}),
		uploadRow("upload_works", gauge, "", "1 if the bucket has answered the last request as it should, 0 while uploads are tried and do not work.", func(u *Uploads, put func(float64, string)) {
			put(truth(u.Works), "")
		}),
		uploadRow("upload_logs_waiting", gauge, "", "Logs that are finished and not proved to be in the bucket.", func(u *Uploads, put func(float64, string)) {
			put(float64(u.Waiting), "")
		}),
		uploadRow("upload_oldest_seconds", gauge, "", "How long the oldest of these logs has waited; 0 if there is none.", func(u *Uploads, put func(float64, string)) {
			put(u.Oldest.Seconds(), "")
		}),
		uploadRow("uploads_open", gauge, "", "Multipart uploads that are open.", func(u *Uploads, put func(float64, string)) {
			put(float64(u.Open), "")
		}),
		uploadRow("uploaded_bytes_total", counter, "", "Bytes of logs that were sent to the bucket.", func(u *Uploads, put func(float64, string)) {
			put(float64(u.Sent), "")
		}),
		uploadRow("spool_bytes", gauge, "", "Bytes in audit.s3.local: what of logs is not in the bucket, or kept here all the same.", func(u *Uploads, put func(float64, string)) {
			put(float64(u.Spool), "")
		}),
		uploadRow("spool_limit_bytes", gauge, "", "Bytes that may be there (audit.s3.maxSpool).", func(u *Uploads, put func(float64, string)) {
			put(float64(u.SpoolLimit), "")
		}),
		uploadRow("spool_freed_bytes_total", counter, "", "Bytes of open logs that were uploaded, and taken from this machine since there was little room.", func(u *Uploads, put func(float64, string)) {
			put(float64(u.Freed), "")
		}),
	}
}

// uploadRow is a row that has values where logs are uploaded.
func uploadRow(name string, k kind, label, help string, read func(u *Uploads, put func(float64, string))) row {
	return row{name, k, label, help, func(s *snapshot, put func(float64, string)) {
		if s.uploads != nil {
			read(s.uploads, put)
		}
	}}
}
