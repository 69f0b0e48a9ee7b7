// Package transfer tells which files a session carried by scp or SFTP, as far as the recorded bytes tell.
//
// A [Watch] is shown the events of a log and follows what runs in its sessions: scp, by its command line,
// and the subsystem sftp or a program named so. Of SFTP (draft-ietf-secsh-filexfer-02, which is what is
// spoken) and of scp's own protocol it reads what passed, in both directions, if it was recorded:
//
//   - What the client sent, and what it got: every file with its path, its bytes and how it ended.
//   - Only what the client sent (stdin): paths and bytes written; not what was read, nor what failed.
//   - Only what it got (stdout): how much was read in all by SFTP; the files that scp fetched, with names.
//   - Neither: that there was such a session, and scp's path.
//
// What is read was written by those who are recorded. It may be anything: it is taken as far as it makes sense, a [Session]
// says where it did not, and what is held at a time has limits. It is told, and proves nothing: whoever has both
// ends can speak so that nobody understands it.
package transfer

import "github.com/sshtrail/sshtrail/event"

// The limits of what a Watch follows at a time, together less than 16 MiB.
const (
	maxSessions = 64
	maxRequests = 512      // that wait for an answer, in a session
	maxHandles  = 256      // that are open, in a session
	maxNames    = 4 << 20  // bytes of all names that are held
	maxName     = 1024     // bytes of one; the rest is cut off
	maxPacket   = 16 << 20 // of SFTP: what is larger is none
)

// What is done to a file.
type What string

// The actions that are told.
const (
	File    What = "file" // opened, and written or read or neither
	Remove  What = "remove"
	Rename  What = "rename"
	Link    What = "link"
	Symlink What = "symlink"
	MakeDir What = "mkdir"
	DropDir What = "rmdir"
)

// Action is something that was done to a file. Its texts hold the peer's bytes.
type Action struct {
	Conn    event.ConnID
	Channel uint64
	By      string // scp or sftp
	What    What
	Path    string // of scp: what its command line names, the file or the folder that it is in
	Name    string // of scp: what the sender calls it; of Rename, Link and Symlink: the new name
	Start   int64
	End     int64   // when it was closed or answered; 0 if that was not seen
	Written uint64  // bytes from the client
	Read    uint64  // bytes to the client
	Size    *uint64 // of scp: as its sender said
	Failed  string  // why it went wrong, where the one who said so was recorded
}

// Session is what is known of one as a whole.
type Session struct {
	Conn       event.ConnID
	Channel    uint64
	By         string // scp or sftp
	Path       string // of scp: what its command line names
	Upload     bool   // of scp: towards the server
	Start, End int64  // End 0: not seen
	Files      uint64 // that were told
	Written    uint64 // bytes from the client, and to it, in all files
	Read       uint64
	Input      bool   // something of what the client sent is recorded
	Output     bool   // and of what it got
	Lost       string // why it was not followed to its end
}
