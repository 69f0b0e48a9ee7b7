package floor

import (
	"io"
	"net"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
)

// The programs that the server has, besides "exec cat FILE": they are words of sh, so that
// a real server runs the same.
const (
	Echo = "exec cat"
	Sink = "exec cat >/dev/null"
	True = "exec true"
)

// Server returns what serves a connection by itself, without running anything.
func Server(hostKey ssh.Signer) func(net.Conn) {
	config := serverConfig(hostKey)
	return func(c net.Conn) {
		defer c.Close()
		_, channels, requests, err := ssh.NewServerConn(c, config)
		if err != nil {
			return
		}
		go ssh.DiscardRequests(requests)
		for n := range channels {
			ch, requests, err := n.Accept()
			if err != nil {
				return
			}
			go serveChannel(ch, requests)
		}
	}
}

func serveChannel(ch ssh.Channel, requests <-chan *ssh.Request) {
	for r := range requests {
		if r.Type != "exec" {
			r.Reply(r.Type == "pty-req", nil)
			continue
		}
		var program struct{ Command string }
		err := ssh.Unmarshal(r.Payload, &program)
		r.Reply(err == nil, nil)
		go run(ch, program.Command)
	}
}

func run(ch ssh.Channel, program string) {
	var err error
	switch file, isFile := strings.CutPrefix(program, Echo+" "); {
	case program == Echo:
		_, err = io.Copy(ch, ch)
	case program == Sink:
		_, err = io.Copy(io.Discard, ch)
	case program == True:
	case isFile && !strings.HasPrefix(file, ">"):
		err = printFile(ch, file)
	default:
		err = os.ErrNotExist
	}
	status := struct{ Status uint32 }{}
	if err != nil {
		status.Status = 1
	}
	ch.CloseWrite()
	ch.SendRequest("exit-status", false, ssh.Marshal(status))
	ch.Close()
}

func printFile(ch io.Writer, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(ch, f)
	return err
}
