package gateway

import (
	"errors"
	"sync"

	"golang.org/x/crypto/ssh"
)

// nowhere is the target of a client whose target can't be reached. It refuses each
// channel and says so: SSH has no other way after the login. Why is for the operator,
// in the record and in the messages: it may name hosts, users and files.
type nowhere struct {
	why  error
	told string
	once sync.Once
	gone chan struct{}
}

func newNowhere(why error, told string) *nowhere {
	return &nowhere{why: why, told: told, gone: make(chan struct{})}
}

func (n *nowhere) OpenChannel(string, []byte) (ssh.Channel, <-chan *ssh.Request, error) {
	return nil, nil, &ssh.OpenChannelError{Reason: ssh.ConnectionFailed, Message: n.told}
}

func (n *nowhere) SendRequest(string, bool, []byte) (bool, []byte, error) {
	return false, nil, errors.New("no target")
}

func (n *nowhere) Incoming() (<-chan ssh.NewChannel, <-chan *ssh.Request) { return nil, nil }

func (n *nowhere) Wait() error {
	<-n.gone
	return n.why
}

func (n *nowhere) Close() error {
	n.once.Do(func() { close(n.gone) })
	return nil
}

func (n *nowhere) String() string { return "nowhere: " + n.why.Error() }
