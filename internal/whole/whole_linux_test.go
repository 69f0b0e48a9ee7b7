package whole

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pair returns two ends of a TCP connection.
func pair(tb testing.TB) (near, far *net.TCPConn) {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer ln.Close()
	a, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	b, err := ln.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { a.Close(); b.Close() })
	return a.(*net.TCPConn), b.(*net.TCPConn)
}

// packet is what the library writes for a packet, in its two writes.
var packet = [2][]byte{bytes.Repeat([]byte("a"), buffered), bytes.Repeat([]byte("b"), 20_000)}

// segments returns how many segments with data a connection has sent.
func segments(t *testing.T, c *net.TCPConn) uint32 {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var info *unix.TCPInfo
	var failed error
	if err := raw.Control(func(fd uintptr) { info, failed = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) }); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	return info.Data_segs_out
}

func TestAPacketIsSentAtOnce(t *testing.T) {
	for _, test := range []struct {
		name string
		wrap func(net.Conn) net.Conn
		want uint32
	}{
		{"as it is", func(c net.Conn) net.Conn { return c }, 2},
		{"whole", Conn, 1}, // a segment of the loopback has room for half the window, 32 KiB
	} {
		near, far := pair(t)
		c := test.wrap(near)
		for _, p := range packet {
			if n, err := c.Write(p); n != len(p) || err != nil {
				t.Fatalf("%s: Write = %d, %v; want %d, nil", test.name, n, err, len(p))
			}
		}
		got := make([]byte, len(packet[0])+len(packet[1]))
		if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got, append(bytes.Clone(packet[0]), packet[1]...)) {
			t.Fatalf("%s: what arrives is not what was written: %v", test.name, err)
		}
		if n := segments(t, near); n != test.want {
			t.Errorf("%s: sent in %d segments, want %d", test.name, n, test.want)
		}
	}
}

// Nothing may wait for what never comes.
func TestABeginningWithNothingBehindItArrives(t *testing.T) {
	near, far := pair(t)
	if _, err := Conn(near).Write(packet[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(far, make([]byte, buffered)); err != nil {
		t.Fatal(err)
	}
}

func TestABeginningArrivesBeforeTheEnd(t *testing.T) {
	near, far := pair(t)
	c := Conn(near)
	if _, err := c.Write(packet[0]); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if p, err := io.ReadAll(far); len(p) != buffered || err != nil {
		t.Fatalf("ReadAll = %d bytes, %v; want %d, nil", len(p), err, buffered)
	}
}

// TestAPeerThatDoesNotRead has the kernel take a part, then nothing.
func TestAPeerThatDoesNotRead(t *testing.T) {
	near, far := pair(t)
	c := Conn(near)
	if err := c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	sent := 0
	for {
		n, err := c.Write(packet[0])
		sent += n
		if err == nil {
			continue
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("Write = %v, want %v", err, os.ErrDeadlineExceeded)
		}
		break
	}
	if err := c.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	read := make(chan int)
	go func() { // ends with the connection
		p, _ := io.ReadAll(far)
		read <- len(p)
	}()
	n, err := c.Write(packet[0])
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if got := <-read; got != sent+n {
		t.Errorf("%d bytes arrive, and %d were written", got, sent+n)
	}
}

func TestAConnectionThatIsGone(t *testing.T) {
	near, far := pair(t)
	far.SetLinger(0)
	far.Close()
	c := Conn(near)
	for {
		_, err := c.Write(packet[0])
		var op *net.OpError
		if err == nil {
			continue // the reset is on its way
		}
		if !errors.As(err, &op) || op.Op != "write" || !errors.Is(err, unix.ECONNRESET) && !errors.Is(err, unix.EPIPE) {
			t.Errorf("Write = %#v, want a net.OpError of write", err)
		}
		return
	}
}

func TestOtherConnectionsStayAsTheyAre(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if got := Conn(a); got != a {
		t.Errorf("Conn of a pipe = %T, want what it was", got)
	}
}

func TestAllocations(t *testing.T) {
	near, far := pair(t)
	c := Conn(near)
	go io.Copy(io.Discard, far) // ends with the connection
	if n := testing.AllocsPerRun(100, func() {
		c.Write(packet[0])
		c.Write(packet[1])
	}); n != 0 {
		t.Errorf("a packet takes %v allocations, want 0", n)
	}
}

func BenchmarkPacket(b *testing.B) {
	for _, how := range []struct {
		name string
		wrap func(net.Conn) net.Conn
	}{{"as it is", func(c net.Conn) net.Conn { return c }}, {"whole", Conn}} {
		b.Run(how.name, func(b *testing.B) {
			near, far := pair(b)
			c := how.wrap(near)
			go io.Copy(io.Discard, far) // ends with the connection
			var before, after unix.Rusage
			unix.Getrusage(unix.RUSAGE_SELF, &before)
			b.SetBytes(int64(len(packet[0]) + len(packet[1])))
			for b.Loop() {
				c.Write(packet[0])
				c.Write(packet[1])
			}
			unix.Getrusage(unix.RUSAGE_SELF, &after)
			used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
			b.ReportMetric(float64(used)/float64(b.N), "cpu-ns/op")
		})
	}
}

// Whoever ends one side of a connection can do that with this one too.
func TestOneSideCanBeEnded(t *testing.T) {
	here, there := pair(t)
	half, ok := Conn(here).(interface{ CloseWrite() error })
	if !ok {
		t.Fatal("one side of the connection can't be ended")
	}
	if err := half.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if n, err := there.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the other side reads %d bytes, %v; want the end", n, err)
	}
}
