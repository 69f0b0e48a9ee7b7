// Package s3 tests that no log is lost on its way to a bucket, whatever network, server, disk and process do.
//
// One half runs in process: storage/s3 against a server that misbehaves, in bubbles of
// testing/synctest, where days of an outage pass at once: every way to misbehave at every
// request, many at random with kills and power cuts between them, a thousand logs after an outage. A disk that is watched
// says if a log's bytes go from it before the server has them.
//
// The other half runs the built gateway with real sessions against a real server over
// TLS, with an account that may do no more than the documentation says.
package s3
