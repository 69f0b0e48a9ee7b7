// Package formattest holds a test of the binary format that was written from the page about it alone.
//
// It has an encoder and a parser of its own, which share nothing with the ones that it tests: where both sides
// of a format come from one hand, a wrong reading of the page is right twice.
package formattest
