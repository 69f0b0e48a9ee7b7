// Package picture draws one screen as SVG.
//
// The picture is of the terminal's grid: each character has its cell, or two, whatever the
// font. It has no script and refers to nothing outside, and is dark or light as the viewer
// prefers. What was on the screen is text in it, and can be searched and copied.
package picture
