// Package secrets hides canaries wherever a gateway meets a secret, and looks for them
// in everything that it writes.
//
// A canary is a random text. It is sent as a password, typed at a prompt, put into a
// configuration or an environment; then what the gateway has left is searched for it, in
// all the forms that a text may take: logs as they are and decompressed, the journal
// while the session runs, messages, the dump of a crash, and what the commands print.
package secrets
