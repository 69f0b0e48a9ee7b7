// Package docstest holds the documentation to what the code does.
package docstest
