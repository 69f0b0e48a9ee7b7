// Package transcript writes down what was to be read on a terminal.
//
// What was printed is there once, line by line, as it was when it left the screen: as
// corrected, as erased, with the lines that were too long for the terminal in one. Each line
// begins with a time, since the channel's start, and a sign:
//
//	1m02.3s | a line that was printed, and when it was last changed
//	1m05.0s : a line of a full screen
//	1m09.2s * what happened: a program that began, its end, a resize, a full screen that follows
//
// What takes the whole screen (the alternate screen: editors, pagers) is written as it
// was when it had rested for a second, or was left, and at least every ten seconds while it
// changes. Where less than four lines are new it waits for those ten seconds, so that typing
// makes no screen for each key.
//
// What was printed can't be taken for what the transcript itself says: it is behind its sign, and
// there is no control character in it. What a program drew over on the ordinary screen is
// not there, nor is what was typed and not echoed.
//
// Whatever the recording, memory is bounded.
package transcript
