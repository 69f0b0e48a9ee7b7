package handover

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
)

// variable names the environment variable by which a process says what it gives to the
// next: a JSON list of sockets. Descriptor 3 is then the connection to the process that
// waits, and the sockets follow.
const variable = "SSHTRAIL_HANDOVER"

const connectionTo = 3 // the process before

// handed describes a socket to the next process.
type handed struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Managed bool   `json:"managed"`
}

// inherit takes over what the process before gives.
func (p *Process) inherit(given string) error {
	var sockets []handed
	if err := json.Unmarshal([]byte(given), &sockets); err != nil || len(sockets) > maxSockets {
		return fmt.Errorf("the environment variable %s is for processes that an upgrade starts: unset it", variable)
	}
	f := os.NewFile(connectionTo, "process before")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return fmt.Errorf("the environment variable %s is for processes that an upgrade starts, unset it: %w", variable, err)
	}
	p.predecessor = c
	for i, s := range sockets {
		l, err := adopt(uintptr(connectionTo+1+i), s.Name)
		if err != nil {
			return err
		}
		l.address, l.Origin = s.Address, Predecessor
		if s.Managed {
			l.Origin = Managers
		}
		p.sockets = append(p.sockets, l)
	}
	return nil
}
