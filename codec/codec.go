// Package codec knows the formats of logs.
//
// One of them, package binary, is the format of record: it alone can be read back, and
// its reader tells whether a log is whole. A program that wants the events of a log
// needs [NewReader] and nothing else.
package codec

import (
	"io"

	"github.com/sshtrail/sshtrail/codec/binary"
)

// Format names a format, as a configuration does.
type Format string

// Binary is the format of record, and ContainerSSH's, which it is a kind of.
const Binary Format = "binary"

// Formats returns every format there is.
func Formats() []Format { return []Format{Binary} }

// magic begins every log in the format [Binary].
const magic = "ContainerSSH-Auditlog"

// Detect returns the format of a file that begins with these bytes, "" if it is none.
// It wants the first 32 bytes, or all if the file has fewer; a file that was cut within
// them has the format that it begins.
func Detect(first []byte) Format {
	n := min(len(first), len(magic))
	if string(first[:n]) == magic[:n] {
		return Binary
	}
	return ""
}

// NewReader returns a reader of a whole log. That r is no log at all is one of its
// verdicts. Reading needs less than 64 MiB of memory whatever r holds.
func NewReader(r io.Reader) *binary.Reader { return binary.NewReader(r) }
