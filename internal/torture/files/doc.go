// Package files holds rigs that give the commands files which no gateway wrote, and
// gateways names which nobody has.
//
// Whatever a file is, each command that reads logs ends by itself, with the exit status
// of the verdict, in time that grows as the file does, within 64 MiB of memory, and with
// nothing in its output that acts on a terminal. Whatever a name is, it is in the log to the
// byte, and nowhere else more than text.
package files
