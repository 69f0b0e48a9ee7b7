// Package e2e tests the built program, started as its users start it, with the clients
// that its users have: OpenSSH's, PuTTY's, Dropbear's, and what stands on them.
//
// Each test starts a gateway of its own and, in the end, stops it: every log must be
// complete, nothing may be left in the journal, and nobody else may read any of it. The
// tests need programs that make test installs where they are missing.
package e2e
