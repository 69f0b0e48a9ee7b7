package clients

import (
	"bufio"
	"net"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/wiretest"
)

// smallWindow is what most stalled clients let a program print.
const smallWindow = 64 << 10

// mostStalled is what each of them may hold of the gateway's memory, in KiB. That is 300, and
// 5,000 with the race detector; a program that prints for ever fills more than this at once.
const mostStalled = 10_000

// Clients that are logged in and read no more, whose programs print for ever, hold nobody
// else, each holds a bounded piece of the gateway's memory, and nothing of them is left once
// they have gone.
func TestStalled(t *testing.T) {
	r := start(t, gatewaytest.Options{Metrics: true, SSH: []string{"maxConnections: 20000"}})
	goroutines, before := r.Metrics(t)["go_goroutines"], r.memory(t)
	n := r.room(t, r.Size(30, 10_000))
	r.attend(t)
	peak := 0
	for round := range r.Rounds(2) {
		bytes := r.recorded(t)
		stopped := r.stopped(t, r.Size(2, 10))
		all := r.stallAll(t, n)
		r.AwaitMetric(t, "sshtrail_recorded_bytes_total", func(v float64) bool { return v-bytes >= float64(n*smallWindow) })
		now := r.memory(t)
		each := (now - before) / n
		t.Logf("%d stalled clients: %d KiB each", n, each)
		if each > mostStalled {
			t.Errorf("a stalled client holds %d KiB of the gateway's memory, want at most %d", each, mostStalled)
		}
		if limit := peak + peak/2 + 64<<10; peak > 0 && now > limit {
			t.Errorf("in round %d the gateway holds %d KiB for as many clients as before, when it held %d", round, now, peak)
		}
		peak = max(peak, now)
		leave(all, stopped)
		gatewaytest.Eventually(t, "most of the stalled clients have gone", func() bool { return r.Metrics(t)["sshtrail_sessions"] < 10 })
	}
	r.end()
	gatewaytest.Eventually(t, "as many goroutines as before", func() bool { return r.Metrics(t)["go_goroutines"] <= goroutines })
	if r.Long() {
		r.awaitMemory(t, before+(peak-before)/4+64<<10)
	}
	r.rest(t)
}

func (r *rig) recorded(t *testing.T) float64 {
	t.Helper()
	return r.Metrics(t)["sshtrail_recorded_bytes_total"]
}

// room returns how many of so many sessions the limit of file descriptors has room for, which
// it raises if that is allowed.
func (r *rig) room(t *testing.T, sessions int) int {
	t.Helper()
	const each = 7 // the client, two for the log, and four for a program without a terminal
	need := uint64(sessions*each*4/3 + 200)
	for _, pid := range []int{0, r.Cmd.Process.Pid} {
		var limit unix.Rlimit
		if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit); err != nil {
			t.Fatal(err)
		}
		if limit.Cur >= need {
			continue
		}
		more := unix.Rlimit{Cur: need, Max: max(limit.Max, need)}
		if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &more, nil); err != nil {
			t.Logf("%d sessions take %d file descriptors, and only %d are allowed: raise the limit (ulimit -n) to have all of them", sessions, need, limit.Cur)
			return min(sessions, int(limit.Cur-200)*3/4/each)
		}
	}
	return sessions
}

// stallAll has n clients log in and stall, some at once.
func (r *rig) stallAll(t *testing.T, n int) []net.Conn {
	t.Helper()
	all := make([]net.Conn, n)
	turns := make(chan struct{}, 8) // a handshake takes a core for a while
	var wg sync.WaitGroup
	for i := range n {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			c, err := r.stall(i)
			if err != nil {
				t.Errorf("log in to stall: %v", err)
			}
			all[i] = c
		})
	}
	wg.Wait()
	t.Cleanup(func() { leave(all, nil) })
	return all
}

// stall logs in, from an address of its own, starts a program that prints for ever and reads
// no more. One in ten lets it print what the kernel's buffers hold, the others their window.
func (r *rig) stall(n int) (net.Conn, error) {
	conn, err := r.from(n + 256)
	if err != nil {
		return nil, err
	}
	if err := conn.(*net.TCPConn).SetReadBuffer(smallWindow / 4); err != nil {
		return conn, err
	}
	window := uint32(smallWindow)
	if n%10 == 0 {
		window = 1<<32 - 1
	}
	c := wiretest.New(conn)
	if err := c.Login(r.User, gatewaytest.Password); err != nil {
		return conn, err
	}
	if err := c.Send(wiretest.Message(wiretest.ChannelOpen, "session", uint32(0), window, uint32(wiretest.MaxPacket))); err != nil {
		return conn, err
	}
	if _, err := c.Await(wiretest.ChannelOpenConfirmation); err != nil {
		return conn, err
	}
	if err := c.Send(wiretest.Message(wiretest.ChannelRequest, uint32(0), "exec", true, "exec yes")); err != nil {
		return conn, err
	}
	if _, err := c.Await(wiretest.ChannelSuccess); err != nil {
		return conn, err
	}
	return conn, conn.SetDeadline(time.Time{})
}

// stopped are OpenSSH's clients that read for a moment and are stopped then, as with Ctrl-Z.
func (r *rig) stopped(t *testing.T, n int) []*exec.Cmd {
	t.Helper()
	var all []*exec.Cmd
	for range n {
		cmd := exec.Command("ssh", "-F", r.Path("ssh_config"), "gw", "exec yes")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { leave(nil, []*exec.Cmd{cmd}) })
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatalf("read what ssh prints: %v", err)
		}
		if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
	}
	return all
}

// leave ends clients.
func leave(conns []net.Conn, programs []*exec.Cmd) {
	for _, c := range conns {
		if c != nil {
			c.Close()
		}
	}
	for _, p := range programs {
		_ = p.Process.Kill() // it may have ended
		_ = p.Wait()
	}
}

// awaitMemory waits until the gateway holds no more than so many KiB: the runtime looks for
// what can go every two minutes when there is nothing to do, and gives it back slowly.
func (r *rig) awaitMemory(t *testing.T, limit int) {
	t.Helper()
	const patience = 6 * time.Minute
	deadline := time.After(patience)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for r.memory(t) > limit {
		select {
		case <-tick.C:
		case <-deadline:
			t.Errorf("the gateway holds %d KiB %v after the last client, want at most %d", r.memory(t), patience, limit)
			return
		}
	}
}

// With ssh.clientAliveInterval clients that stall do not stay.
func TestStalledClientsAreEnded(t *testing.T) {
	t.Parallel() // it waits, mostly
	r := start(t, gatewaytest.Options{SSH: []string{"clientAliveInterval: 1s", "clientAliveCountMax: 2"}})
	const n = 20
	r.stallAll(t, n)
	logs := r.rest(t) // they are there still
	ended := 0
	for _, l := range logs.Sessions {
		ended += len(disconnects(l, "the client did not answer for 2s"))
	}
	if ended != n {
		t.Errorf("of %d clients that stalled %d were ended since they did not answer", n, ended)
	}
}
