// Package s3 measures what keeping logs in a bucket costs.
//
// It compares uploads through storage/s3 with plain uploads of the same bytes by the same
// client library, to a real server on this machine, and tells what a long session takes of disk and memory:
//
//	go test ./bench/s3 -run '^$' -bench Upload -benchtime 5x
//	go test ./bench/s3 -run '^$' -bench LongSession/20GiB -benchtime 1x
package s3
