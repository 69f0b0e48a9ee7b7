// Package files holds rigs that give the commands files which no gateway wrote.
//
// Whatever a file is, each command that reads logs ends by itself, with the exit status
// of the verdict, in time that grows as the file does, within 64 MiB of memory, and with
// nothing in its output that acts on a terminal.
package files
