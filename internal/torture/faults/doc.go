// Package faults tests that a gateway keeps its promises whichever call to its disk fails.
//
// In process, the gateway's journal, store and recovery stand on a disk in memory that fails or
// dies at any of their calls, in a time of their own. The real program is run under strace,
// which fails its system calls.
package faults
