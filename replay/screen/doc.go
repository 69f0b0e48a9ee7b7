// Package screen is the screen of a terminal at any moment of a recording.
//
// What a program wrote to its terminal is written to a [Screen], which then knows what a
// person saw: each cell with its character and its attributes, the cursor, the title. A
// [Screen.Snapshot] is cheap, so that a replay can keep some and seek from the nearest.
//
// The input is chosen by the person who is watched. It takes bounded memory and time
// whatever comes, it is never answered, and nothing that is read out of a Screen can act
// on the terminal of the person who reads it: cells hold no control character, and
// [Screen.WriteANSI] draws them with colours and cursor moves alone.
//
// # Whose terminal
//
// There is no one terminal. This one behaves as xterm.js does, which most of the web's
// players and editors show, and is compared with it; where they differ, it is so on purpose:
//
//   - Each character has the width that the program on the other side counts for it, as
//     wcwidth does, by Unicode 15. Characters of no width (combining ones, joiners,
//     variation selectors) join the cell before. Characters are not put together to
//     grapheme clusters: a family of three emoji is three emoji, six columns wide, as it is
//     to bash, vim and tmux.
//   - Characters that turn the direction of writing around, and other invisible ones,
//     are left out. So are all but eight that join one cell.
//   - Bytes that are no UTF-8 are shown as U+FFFD, one for each maximal part of a
//     sequence, as browsers do.
//   - A changed size cuts lines or fills them up. It never wraps them anew: the program
//     hears of the new size too, and draws again.
//   - Protected cells (DECSCA), left and right margins, double-sized lines, graphics, and
//     national character sets beside the British one are not there.
//
// What a program asks of its terminal beside that (reports, mouse, clipboard, hyperlinks,
// bracketed paste, window size, sound) is read over.
package screen
