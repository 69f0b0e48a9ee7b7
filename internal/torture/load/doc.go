// Package load has many clients at once at one gateway, and checks each byte of every log.
//
// The clients do what people and programs do: type, copy up, down and both ways, run many
// small programs over one connection, change windows, send signals, hang up. Some die in
// the middle of it. Most are made of golang.org/x/crypto/ssh, since a thousand OpenSSH
// clients do not fit a small machine; some are OpenSSH, scp, sftp, rsync and git.
//
// A client knows what it sent and received. Its log must hold the same: all of it, or,
// where the client has died, a beginning of what it was to send and at least what it received.
// Logs are read and checked as soon as they are finished, so that the long form can go on
// for days.
package load
