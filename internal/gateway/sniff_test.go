package gateway

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

// says writes the pieces, one after the other, to a sniffer's other end, and returns what it
// is told and what the sniffer's reader gets.
func says(t *testing.T, pieces ...string) (told, read string, err error) {
	t.Helper()
	client, server := net.Pipe()
	answer := make(chan string)
	go func() { // ends when server is closed
		for _, p := range pieces {
			io.WriteString(client, p)
		}
		if len(pieces) == 0 || !strings.HasSuffix(pieces[len(pieces)-1], "\n") {
			client.Close()
		}
		b, _ := io.ReadAll(client)
		client.Close()
		answer <- string(b)
	}()
	s := sniff(server)
	want := len(strings.Join(pieces, ""))
	b := make([]byte, want+1)
	n, err := io.ReadAtLeast(s, b, want)
	server.Close()
	return <-answer, string(b[:n]), err
}

func TestSniffLetsSSHThroughUnchanged(t *testing.T) {
	long := "SSH-2.0-" + strings.Repeat("x", 200) + "\r\n"
	for _, pieces := range [][]string{{"SSH-2.0-x\r\n"}, {"S", "SH", "-2.0-x\r\n"}, {"SSH-2.0-x\r\n", "key exchange\n"}, {long}} {
		told, read, err := says(t, pieces...)
		if want := strings.Join(pieces, ""); read != want || err != nil || told != "" {
			t.Errorf("of %q the server reads %q, %v, and the client is told %q", pieces, read, err, told)
		}
	}
}

func TestSniffRefusesWhatIsNotSSH(t *testing.T) {
	for _, pieces := range [][]string{{"GET / HTTP/1.0\r\n"}, {"SSX", "-\n"}, {"\x16\x03\x01\x00\n"}, {"ssh-2.0-x\r\n"}} {
		told, read, err := says(t, pieces...)
		if told != "Invalid SSH identification string.\r\n" || read != "" || err == nil || !strings.Contains(err.Error(), "does not speak SSH: it sent \"") {
			t.Errorf("of %q the server reads %q, %v, and the client is told %q", pieces, read, err, told)
		}
	}
}

func TestSniffOfSilence(t *testing.T) {
	client, server := net.Pipe()
	client.Close()
	if n, err := sniff(server).Read(make([]byte, 10)); n != 0 || err != io.EOF {
		t.Errorf("Read = %d, %v, want EOF", n, err)
	}
}

// What is shown of a stranger's bytes is bounded, and can't act on a terminal.
func TestSniffQuotesStrangers(t *testing.T) {
	_, _, err := says(t, "\x1b]0;evil\a"+strings.Repeat("y", 500)+"\n")
	if err == nil || strings.ContainsAny(err.Error(), "\x1b\a\n") || len(err.Error()) > 200 {
		t.Errorf("the record says %v", err)
	}
}

// Before the login a stranger's bytes are bounded; afterwards nobody counts.
func TestWhatIsReadBeforeTheLoginIsBounded(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	go func() { // ends when the pipe is closed
		near.Write([]byte("SSH-2.0-x\r\n"))
		for {
			if _, err := near.Write(make([]byte, 4<<10)); err != nil {
				return
			}
		}
	}()
	s := sniff(far)
	defer far.Close()
	n, err := io.Copy(io.Discard, io.LimitReader(s, 1<<20))
	if err == nil || n > maxEarly {
		t.Errorf("%d bytes were read before a login, error %v; want at most %d and an error", n, err, maxEarly)
	}
	s.loggedIn.Store(true)
	if n, err := io.Copy(io.Discard, io.LimitReader(s, 1<<20)); err != nil || n != 1<<20 {
		t.Errorf("%d bytes were read after the login, error %v; want all", n, err)
	}
}

// The library makes room for a whole packet when it has read its length. What it asks for
// betrays that, and ends the connection.
func TestAPacketBeforeTheLoginIsBounded(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	go func() { // ends when the pipe is closed
		io.WriteString(near, "SSH-2.0-x\r\n")
		io.WriteString(near, strings.Repeat("y", 10))
	}()
	s := sniff(far)
	if _, err := io.ReadFull(s, make([]byte, 11)); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Read(make([]byte, maxEarlyPacket+1)); n != 0 || !errors.Is(err, errTooMuch) {
		t.Fatalf("reading a packet of %d bytes = %d, %v, want %v", maxEarlyPacket+1, n, err, errTooMuch)
	}
	if n, err := s.Read(make([]byte, maxEarlyPacket)); n != 10 || err != nil {
		t.Errorf("reading a packet of %d bytes = %d, %v, want the 10 that are there", maxEarlyPacket, n, err)
	}
}

// Who waits for answers may send more, all in all, than who does not.
func TestWhoWaitsForNoAnswerIsBounded(t *testing.T) {
	for _, answered := range []bool{false, true} {
		near, far := net.Pipe()
		go func() { // ends when the pipe is closed
			io.WriteString(near, "SSH-2.0-x\r\n")
			for block := make([]byte, 1<<10); ; {
				if _, err := near.Write(block); err != nil {
					return
				}
				if answered {
					near.Read(block)
				}
			}
		}()
		s, read := sniff(far), 0
		var err error
		for b := make([]byte, 4<<10); err == nil && read < 2*maxEarly; {
			var n int
			n, err = s.Read(b)
			read += n
			if answered && n > 100 {
				s.Write([]byte("go on"))
			}
		}
		near.Close()
		far.Close()
		want := maxAhead
		if answered {
			want = maxEarly
		}
		if !errors.Is(err, errTooMuch) || read > want || read < want-8<<10 {
			t.Errorf("answered %v: %d bytes were read, and then %v; want about %d", answered, read, err, want)
		}
	}
}
