package handover

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

func TestUpgrade(t *testing.T) {
	t.Parallel()
	s := begin(t, nil).serving(t)
	s.mustServe(t)
	next := s.upgrade(t)
	serves := "serves " + strconv.Itoa(next.Cmd.Process.Pid) + " "
	if said, want := s.await(t, serves), serves+s.addr+`, unused [], origin process before.`; said != want {
		t.Errorf("the new process says %s, want %s", said, want)
	}
	next.mustServe(t)
	s.Signal(t, syscall.SIGUSR2)
	if said := s.await(t, "not upgraded"); !strings.Contains(said, "has taken over already") {
		t.Errorf("a second upgrade of the old process says %s", said)
	}
	s.Signal(t, syscall.SIGTERM)
	s.Wait(t)
	next.mustServe(t)
	// The new one can be upgraded too, from where it stands.
	next.tell(t, "do", "fail")
	next.notUpgraded(t, "can't serve")
	next.mustServe(t)
}

// notUpgraded asks for an upgrade that must fail, for a reason.
func (s *service) notUpgraded(t *testing.T, reason string) {
	t.Helper()
	s.Signal(t, syscall.SIGUSR2)
	s.Out.Await(t, "reason "+reason, s.Ended, func(b []byte) bool {
		_, said, found := strings.Cut(string(b), "not upgraded: ")
		return found && strings.Contains(said, reason)
	})
}

func TestUpgradeThatFails(t *testing.T) {
	for do, reason := range map[string]string{
		"exit": "ended before it was ready",
		"fail": `can't serve: the configuration is \"bad\"\nin two lines`,
		"hang": "was not ready in 1s, and was ended",
	} {
		t.Run(do, func(t *testing.T) {
			t.Parallel()
			s := begin(t, nil).serving(t)
			s.tell(t, "do", do)
			s.notUpgraded(t, reason)
			s.mustServe(t)
			if do == "hang" {
				pid, err := strconv.Atoi(strings.Fields(s.await(t, "hangs "))[1])
				if err != nil {
					t.Fatal(err)
				}
				if s.Successor(t, pid).Wait(t) != -1 {
					t.Error("the process that hangs was not killed")
				}
			}
			s.tell(t, "do", "")
			s.upgrade(t).mustServe(t)
		})
	}
}

// A process whose predecessor has gone is the only one left to serve.
func TestPredecessorDiesBeforeTheWord(t *testing.T) {
	t.Parallel()
	s := begin(t, nil).serving(t)
	s.tell(t, "do", "wait")
	s.Signal(t, syscall.SIGUSR2)
	pid, err := strconv.Atoi(strings.Fields(s.await(t, "waits "))[1])
	if err != nil {
		t.Fatal(err)
	}
	next := &service{s.Successor(t, pid), s.folder, s.addr}
	s.Signal(t, syscall.SIGKILL)
	s.Wait(t)
	s.tell(t, "do", "")
	next.await(t, "serves "+strconv.Itoa(pid))
	next.mustServe(t)
}

// A process that is told to end while another starts takes that one with it.
func TestStopDuringAnUpgrade(t *testing.T) {
	t.Parallel()
	s := begin(t, nil).serving(t)
	s.tell(t, "do", "hang")
	s.Signal(t, syscall.SIGUSR2)
	pid, err := strconv.Atoi(strings.Fields(s.await(t, "hangs "))[1])
	if err != nil {
		t.Fatal(err)
	}
	s.Signal(t, syscall.SIGTERM)
	s.Wait(t)
	if s.Successor(t, pid).Wait(t) != -1 {
		t.Error("the new process was not killed")
	}
	if c, err := net.Dial("tcp", s.addr); err == nil {
		c.Close()
		t.Error("somebody listens still")
	}
}

// A socket for another address than the one that is asked for now is not used, and not kept.
func TestUpgradeToAnotherAddress(t *testing.T) {
	t.Parallel()
	s := begin(t, nil).serving(t)
	s.tell(t, "listen", "127.0.0.2:0")
	next := s.upgrade(t)
	next.addr = strings.Trim(strings.Fields(next.await(t, "serves "+strconv.Itoa(next.Cmd.Process.Pid)))[2], ",")
	if !strings.HasPrefix(next.addr, "127.0.0.2:") {
		t.Errorf("the new process listens on %s", next.addr)
	}
	next.mustServe(t)
	if c, err := net.Dial("tcp", s.addr); err == nil {
		c.Close()
		t.Errorf("somebody listens on %s still", s.addr)
	}
}

// A symbolic link that leads elsewhere by now is how some install a new version.
func TestUpgradeFollowsTheLink(t *testing.T) {
	t.Parallel()
	link := filepath.Join(t.TempDir(), "service")
	lead := func(to string) {
		t.Helper()
		if err := os.Symlink(to, link+".new"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(link+".new", link); err != nil {
			t.Fatal(err)
		}
	}
	lead(os.Args[0])
	s := begin(t, func(cmd *exec.Cmd) { cmd.Path, cmd.Args[0] = link, link }).serving(t)
	lead("/bin/false")
	s.notUpgraded(t, "ended before it was ready")
	lead(os.Args[0])
	s.upgrade(t).mustServe(t)
}

// Each connection that is made at any time while processes take over from each other, by
// the dozen, is answered.
func TestNoConnectionIsRefused(t *testing.T) {
	t.Parallel()
	s := begin(t, nil).serving(t)
	stop, done := make(chan struct{}), make(chan struct{})
	answers := map[int]int{}
	go func() { // ends by stop
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				answers[s.whoServes(t)]++
			}
		}
	}()
	const upgrades = 5
	current := s
	for range upgrades {
		before := current
		current.Signal(t, syscall.SIGUSR2)
		pid := 0
		gatewaytest.Eventually(t, "another process serves", func() bool { pid = s.whoServes(t); return pid != before.Cmd.Process.Pid })
		current = &service{s.Successor(t, pid), s.folder, s.addr}
		gatewaytest.Eventually(t, "the old one is upgraded", func() bool {
			return strings.Contains(s.Out.String(), "upgraded "+strconv.Itoa(pid))
		})
		before.Signal(t, syscall.SIGTERM)
		before.Wait(t)
	}
	close(stop)
	<-done
	if len(answers) < upgrades/2 {
		t.Errorf("%d processes have answered: %v", len(answers), answers)
	}
	t.Logf("connections by process: %v", answers)
}

// The manager hears of a new process from the old one, before the new one says a word.
func TestManagerIsTold(t *testing.T) {
	for _, address := range []string{filepath.Join(t.TempDir(), "notify"), "@sshtrail-handover-" + strconv.FormatInt(time.Now().UnixNano(), 36)} {
		t.Run(address[:1], func(t *testing.T) {
			t.Parallel()
			c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(gatewaytest.Patience))
			hear := func(want string) {
				t.Helper()
				b := make([]byte, 1000)
				n, err := c.Read(b)
				if err != nil || string(b[:n]) != want {
					t.Errorf("the manager hears %q (%v), want %q", b[:n], err, want)
				}
			}
			s := begin(t, func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+address) }).serving(t)
			hear("READY=1")
			next := s.upgrade(t)
			hear("MAINPID=" + strconv.Itoa(next.Cmd.Process.Pid))
			hear("READY=1")
			s.Signal(t, syscall.SIGTERM) // whose end is nothing that the manager is told
			s.Wait(t)
			next.Signal(t, syscall.SIGTERM)
			hear("STOPPING=1")
		})
	}
}
