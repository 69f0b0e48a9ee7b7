// Package binary is the format of record: messages in CBOR, in compressed blocks, in a chain.
//
// A log is a header of 40 bytes, data blocks, and an end mark. Each block is a gzip
// member that begins with a header of its own: how long it is, which messages it has,
// and the hash of the block before. So a log can be skipped through, checked to its
// last bit and recovered after a crash, and is still ContainerSSH's audit log, version
// 2, to every tool made for that. ContainerSSH's own files are read too.
//
// [AppendMessage] and [Writer] write; [Reader] reads a stream and gives its [Verdict];
// [Salvage], [ReadTail] and [ReadBlock] read files that can be read anywhere.
package binary

// Limits of the format. A reader allocates no more than they need, whatever a file claims.
const (
	// MaxMessage is the size of the largest message, in bytes of CBOR.
	MaxMessage = 2 << 20
	// MaxContent is the size of the largest content of a block.
	MaxContent = 4 << 20

	maxMember   = MaxContent + 64<<10
	maxItems    = 65536 // in one array or map
	maxDepth    = 16    // of arrays and maps, the message being the first
	maxConn     = 255
	maxName     = 64 // of an extension
	maxChannels = 256
	maxProgram  = 1024
	maxPoints   = 1024 // of the index
)

// extensionSuffix ends the requestType of an extension: NAME@sshtrail.
const extensionSuffix = "@sshtrail"

const summaryName = "summary"
