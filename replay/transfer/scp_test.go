package transfer

import (
	"testing"

	"github.com/sshtrail/sshtrail/event"
)

// exchange is what passes in a session: < from the client, > to it.
func exchange(program string, parts ...string) *tape {
	r := &tape{}
	r.add(0, &event.NewChannel{ChannelType: "session"})
	r.add(0, &event.Exec{RequestID: 3, Program: program})
	for _, p := range parts {
		stream := event.Stdin
		if p[0] == '>' {
			stream = event.Stdout
		}
		r.add(0, &event.IO{Stream: stream, Data: []byte(p[1:])})
	}
	r.add(0, &event.Close{})
	return r
}

func TestSCP(t *testing.T) {
	upload := exchange("scp -p -t '/srv/in out'", ">\x00", "<T1 0 1 0\n", ">\x00", "<C0644 5 one\n", ">\x00", "<hel", "<lo\x00", ">\x00",
		"<C0600 3 two\n", ">\x01scp: two: Permission denied\n", "<C0644 0 empty\n", ">\x00", "<\x00", ">\x00", "<C0644 4 full\n", ">\x00", "<full\x00", ">\x01disk full\n")
	upload.watch(true, true)
	check(t, upload, "upload", `
scp file "/srv/in out" "one" 5 0 of 5
scp file "/srv/in out" "two" 0 0 of 3 failed "scp: two: Permission denied"
scp file "/srv/in out" "empty" 0 0 of 0
scp file "/srv/in out" "full" 4 0 of 4 failed "disk full"
session scp "/srv/in out" 4 files 9 0 
`)
	upload.watch(false, true)
	check(t, upload, "upload, output", `
scp file "/srv/in out" 0 0 failed "scp: two: Permission denied"
scp file "/srv/in out" 0 0 failed "disk full"
session scp "/srv/in out" 2 files 0 0 
`)
	download := exchange("/usr/bin/scp -r -f -- dir", "<\x00", ">D0755 0 dir\n", "<\x00", ">C0644 6 a b\n", "<\x00", ">12345", ">6\x00", "<\x00",
		">D0755 0 sub\n", "<\x00", ">C0644 2 c\n", "<\x00", ">cc\x00", "<\x00", ">E\n", "<\x00", ">\x01scp: dir/d: Permission denied\n", ">C0644 9 cut\n", "<\x00", ">1234")
	want := `
scp file "dir" "dir/a b" 0 6 of 6
scp file "dir" "dir/sub/c" 0 2 of 2
scp file "dir" 0 0 failed "scp: dir/d: Permission denied"
scp file "dir" "dir/cut" 0 4 of 9 open
session scp "dir" 4 files 0 12 
`
	download.watch(true, true)
	check(t, download, "download", want)
	download.watch(false, true)
	check(t, download, "download, output", want)
}

// TestSCPThatIsNone wants the place told where it makes no sense any more.
func TestSCPThatIsNone(t *testing.T) {
	r := exchange("scp -t x", "<C0644 3 a\n", "<abcdefgh")
	r.watch(true, true)
	check(t, r, "more bytes than were said", `
scp file "x" "a" 3 0 of 3 open
session scp "x" 1 files 3 0 the bytes of a file are not as many as were said
`)
	for _, program := range []string{"", "scp a b", "scp -t -f x", "scpx -t x", "echo scp -t x", "scp -- -t x"} {
		r := exchange(program, "<C0644 3 a\n")
		r.watch(true, true)
		check(t, r, program, "")
	}
	refused := exchange("scp -t x")
	refused.add(1, &event.Exec{RequestID: 1, Program: "scp -t x"})
	refused.add(1, &event.RequestFailed{RequestID: 1})
	forced := &tape{}
	forced.add(0, &event.Exec{RequestID: 1, Program: "scp -t x"})
	forced.add(0, &event.ForcedCommand{RequestID: 1, Program: "internal-sftp"})
	refused.watch(true, true)
	check(t, refused, "one of two refused", "session scp \"x\" 0 files 0 0 \n")
	forced.watch(true, true)
	check(t, forced, "another in its place", "session sftp \"\" 0 files 0 0 \n")
}

func TestCommands(t *testing.T) {
	for line, want := range map[string]command{
		"scp -t /tmp/x":                {upload: true, path: "/tmp/x"},
		`scp -qrf "a b"\ c 'd e'`:      {path: "a b c d e"},
		"scp\t-d  -t\n--  -f":          {upload: true, path: "-f"},
		"internal-sftp -l INFO":        {sftp: true},
		"/usr/lib/openssh/sftp-server": {sftp: true},
	} {
		if got, ok := parseCommand(line); !ok || got != want {
			t.Errorf("parseCommand(%q) = %+v, %v, want %+v", line, got, ok, want)
		}
	}
}
