package handover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// folderVariable makes the test binary a service, which does what the file do in the folder
// says and listens on the address in the file listen.
const folderVariable = "HANDOVER_TEST_FOLDER"

func TestMain(m *testing.M) {
	if folder := os.Getenv(folderVariable); folder != "" {
		os.Exit(serveAsTold(folder))
	}
	os.Exit(m.Run())
}

func read(folder, name string) string {
	b, _ := os.ReadFile(filepath.Join(folder, name)) // there is none: nothing is said
	return strings.TrimSpace(string(b))
}

func serveAsTold(folder string) int {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR2)
	what := read(folder, "do")
	if what == "exit" {
		return 3
	}
	p, err := Begin("ssh", "metrics")
	if what == "fail" {
		err = errors.New("the configuration is \"bad\"\nin two lines")
	}
	if err == nil {
		err = serveConnections(p, folder, what, asked)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "service:", err)
		p.Failed(err)
		return 1
	}
	return 0
}

func serveConnections(p *Process, folder, what string, asked <-chan os.Signal) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	l, err := p.Listen("ssh", read(folder, "listen"))
	if err != nil {
		return err
	}
	switch what {
	case "hang": // and never end
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("hangs", os.Getpid())
		select {}
	case "wait":
		fmt.Println("waits", os.Getpid())
		for range time.Tick(time.Millisecond) {
			if read(folder, "do") != "wait" {
				break
			}
		}
	}
	if err := p.Ready(ctx); err != nil {
		return err
	}
	fmt.Printf("serves %d %s, unused %q, origin %s.\n", os.Getpid(), l.Addr(), p.Unused(), l.Origin)
	done := make(chan struct{})
	go func() { // ends when the listener is closed
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprintln(c, os.Getpid())
			c.Close()
		}
	}()
	for {
		select {
		case <-ctx.Done():
			p.Tell("STOPPING=1")
			l.Close()
			<-done
			return nil
		case <-asked:
		}
		patience := Patience
		if read(folder, "do") == "hang" {
			patience = time.Second
		}
		if pid, err := p.Upgrade(ctx, patience, nil); err != nil {
			fmt.Printf("not upgraded: %q\n", err.Error())
		} else {
			fmt.Println("upgraded", pid)
		}
	}
}

// service is a test binary that serves, and those that take over from it.
type service struct {
	*gatewaytest.Process
	folder string
	addr   string
}

// begin starts a service, through a command that gets its command line as arguments, if
// there is one.
func begin(t *testing.T, change func(*exec.Cmd)) *service {
	t.Helper()
	s := &service{folder: t.TempDir()}
	s.tell(t, "listen", "127.0.0.1:0")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), folderVariable+"="+s.folder)
	if change != nil {
		change(cmd)
	}
	s.Process = gatewaytest.BeginRow(t, cmd)
	return s
}

// serving waits until the service serves.
func (s *service) serving(t *testing.T) *service {
	t.Helper()
	fields := strings.Fields(s.await(t, "serves "))
	s.addr = fields[2][:len(fields[2])-1]
	return s
}

// await returns the first line that begins with prefix.
func (s *service) await(t *testing.T, prefix string) string {
	t.Helper()
	var line string
	s.Out.Await(t, "a line that begins with "+prefix, nil, func(b []byte) bool {
		for l := range strings.Lines(string(b)) {
			if strings.HasPrefix(l, prefix) && strings.HasSuffix(l, "\n") {
				line = strings.TrimSpace(l)
				return true
			}
		}
		return false
	})
	return line
}

func (s *service) tell(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// upgrade has a new process take over.
func (s *service) upgrade(t *testing.T) *service {
	t.Helper()
	s.Signal(t, syscall.SIGUSR2)
	var pid int
	if _, err := fmt.Sscanf(s.await(t, "upgraded "), "upgraded %d", &pid); err != nil {
		t.Fatal(err)
	}
	next := *s
	next.Process = s.Successor(t, pid)
	return &next
}

// whoServes connects and returns the number of the process that answers.
func (s *service) whoServes(t *testing.T) int {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(gatewaytest.Patience))
	var pid int
	if _, err := fmt.Fscan(c, &pid); err != nil {
		t.Fatalf("read who answers: %v", err)
	}
	return pid
}

func (s *service) mustServe(t *testing.T) {
	t.Helper()
	for range 10 {
		if pid := s.whoServes(t); pid != s.Cmd.Process.Pid {
			t.Fatalf("process %d answers, want %d", pid, s.Cmd.Process.Pid)
		}
	}
}
