// Package page makes a web page that plays a recording.
//
// The page is one file that needs nothing else: no server, no network, no other program than
// a browser. Its Content-Security-Policy lets nothing in but the one script and the one style
// sheet that it was written with.
//
// There is no terminal in the page. What was on the screen is worked out here, by
// package screen, and the page holds the screens: each differs from the one before in some lines, and
// each line is there once in a part of the page. So it shows what every other export does, and
// what was recorded meets no interpreter on its way: it is JSON, compressed, in base64, and becomes
// text of the document and nothing else.
//
// # The data
//
// The recording is in chunks, each a script element of class chunk, of a type that no browser
// runs: raw deflate data (RFC 1951) in base64, of a JSON object.
//
//	s  looks: [letters, ground, attributes, underline, its colour]; a colour is 0 (default), 1 more
//	   than its number in the palette, or "#rrggbb"; attributes are those of screen.Attributes
//	r  lines: [look, text, look, text…]; a text is ASCII, or an array of characters of one column,
//	   or {"w": [characters of two columns]}. The first line is empty
//	f  screens: [ms since the one before, x, y, cursor, shift, [row, line, row, line…], columns, rows];
//	   shift is how many lines the screen before has scrolled up; the cursor is 0 if hidden, 1 a block,
//	   2 a line below, 3 a bar. A size is given where it is another, and makes all lines empty. The
//	   first screen of a chunk has one
//
// The element with the id facts says when chunks begin, in ms since the channel's start, and all
// that is beside the terminal.
package page
