// Package replay plays the terminals of a log: what was on the screen, at any moment.
//
// [Open] finds the channels of a log. A [Player] has the screen of one of them, which
// [Player.Step] and [Player.Seek] move through the time of the recording. Nothing here looks
// at a clock: when to step is the caller's part, and [Pace] says how long to wait.
//
// # What a seek reads
//
// To open a log of ours costs a read of the header of each of its blocks, 96 bytes of mostly
// more than 10 KiB, and of those blocks where a channel begins or changes its size.
// From then on an index of at most 4,096 blocks is in memory, and a seek looks at no more
// headers than are between two of them.
//
// The screen of a moment depends on all that was written before. A Player keeps some
// screens on its way (at most 32, in about 8 MiB). If the moment is at most 8 blocks behind
// one of them, a seek is exact at once. If not, it begins with an empty screen at most 8
// blocks and 768 KiB before the moment, which is nearly always enough to fill the screen, but can't be
// known to be: what was drawn before and never since is missing. So the Player says that its
// screen is not exact ([Player.Exact]), and [Player.Work], called again and again, reads from the
// nearest screen that is exact, until it has caught up and takes its place.
//
// ContainerSSH's logs are one compressed stream: a seek reads on, or from the start, and
// is done by Work. The logs that are open, truncated or damaged are played up to where
// they are whole. A block is checked by itself when it is read; that it stands in its
// place is not: that is what package verify is for.
package replay
