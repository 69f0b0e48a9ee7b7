package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// aloneName, as the first argument, makes the test binary a program that runs another one
// in the network that it was started in, which is new and has but a loopback interface.
const aloneName = "e2e-alone"

// runAlone does what alone asks for, if this process was started by it: then it does not
// return. A new network's loopback interface is down.
func runAlone() {
	if len(os.Args) < 3 || os.Args[1] != aloneName {
		return
	}
	err := loopbackUp()
	if err == nil {
		err = syscall.Exec(os.Args[2], os.Args[2:], os.Environ())
	}
	fmt.Fprintln(os.Stderr, aloneName+":", err)
	os.Exit(1)
}

func loopbackUp() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, lo)
}

// alone gives cmd a network of its own, in which every port is free, if this user may: root.
// For others it waits until the default port is free.
func alone(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		cmd.Args = append([]string{self, aloneName, cmd.Path}, cmd.Args[1:]...)
		cmd.Path = self
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
		return
	}
	gatewaytest.Eventually(t, "nobody else listens on port 2222, the default: is a gateway running?", func() bool {
		l, err := net.Listen("tcp", "127.0.0.1:2222")
		return err == nil && l.Close() == nil
	})
}

// firstMinute is what somebody does who tries the program: start it, log in, stop it, look.
const firstMinute = `
"$SSHTRAIL" serve >"$HOME/out" 2>&1 & gateway=$!
until grep -q "^host key" "$HOME/out"; do kill -0 $gateway || { cat "$HOME/out"; exit 1; }; sleep 0.05; done
ssh -F none -i "$HOME/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile="$HOME/known" -p 2222 -l "$LOGNAME" localhost 'echo $((6 * 7))'
echo "ssh ended with $?"
kill -INT $gateway
wait $gateway
echo "serve ended with $?"
"$SSHTRAIL" ls
`

// Without a configuration it serves its caller, with the keys of the caller's ~/.ssh.
func TestServeWithoutConfiguration(t *testing.T) {
	t.Parallel()
	cmd := gatewaytest.Program(t, "/bin/sh", "-c", firstMinute)
	home := t.TempDir()
	cmd.Env = append(cmd.Env, "HOME="+home, "LOGNAME="+gatewaytest.Me(t), "SSHTRAIL="+gatewaytest.Sshtrail())
	key := gatewaytest.WriteKey(t, home+"/key")
	if err := os.Mkdir(home+"/.ssh", 0o700); err != nil {
		t.Fatal(err)
	}
	gatewaytest.WriteFile(t, home+"/.ssh/authorized_keys", string(ssh.MarshalAuthorizedKey(key)))
	alone(t, cmd)
	out := gatewaytest.Must(t, cmd)
	for _, want := range []string{"42\nssh ended with 0\nserve ended with 0\n", "echo $((6 * 7))"} {
		if !strings.Contains(out, want) {
			t.Errorf("the first minute prints no %q; it prints:\n%s", want, out)
		}
	}
}
