package handover

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// firstSocket is the descriptor of the first socket that a service manager gives
// (SD_LISTEN_FDS_START).
const firstSocket = 3

// maxSockets is more than any service here can have.
const maxSockets = 64

// activation is what a service manager says of the sockets that it gives, in the variables
// LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES (sd_listen_fds(3)).
type activation struct {
	pid, count, names string
}

func takeActivation() activation {
	_ = take("LISTEN_PIDFDID") // says the same as LISTEN_PID
	return activation{take("LISTEN_PID"), take("LISTEN_FDS"), take("LISTEN_FDNAMES")}
}

// sockets returns the names of the sockets that process pid is given, which have the
// descriptors from firstSocket on.
func (a activation) sockets(pid int) ([]string, error) {
	if a.pid != strconv.Itoa(pid) { // meant for another, or for nobody
		return nil, nil
	}
	n, err := strconv.Atoi(a.count)
	if err != nil || n < 0 || n > maxSockets {
		return nil, fmt.Errorf("take over the service manager's sockets: LISTEN_FDS is %q, want a number up to %d", a.count, maxSockets)
	}
	names := slices.Repeat([]string{"unknown"}, n) // sd_listen_fds_with_names' word for it
	if a.names == "" {
		return names, nil
	}
	if names = strings.Split(a.names, ":"); len(names) != n {
		return nil, fmt.Errorf("take over the service manager's sockets: LISTEN_FDNAMES has %d names for %d sockets", len(names), n)
	}
	return names, nil
}

// activate takes over the service manager's sockets.
func (p *Process) activate(a activation) error {
	given, err := a.sockets(os.Getpid())
	if err != nil {
		return err
	}
	for i, name := range given {
		name, err := p.nameOf(name, len(given) == 1)
		if err != nil {
			return err
		}
		l, err := adopt(uintptr(firstSocket+i), name)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(p.sockets, func(o *Listener) bool { return o.Name == name }) {
			return fmt.Errorf("the service manager gives two sockets named %q: one is enough, ListenStream= with a port alone listens on every address", name)
		}
		l.Origin = Managers
		p.sockets = append(p.sockets, l)
	}
	return nil
}
