// Package wiretest is an SSH client for tests that sends what it is told: any message, in
// any order, wrong ones too.
//
// It knows one algorithm of each kind, and nothing of what a message means. It checks no
// host key: it is for servers that a test has started.
//
//	c := wiretest.New(conn)
//	err := c.Login("alice", "secret")
//	err = c.Send(wiretest.Message(90, "session", uint32(0), uint32(1<<20), uint32(1<<15)))
//	answer, err := c.Receive()
package wiretest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// Client is one connection. One goroutine may send while another receives; the methods
// that do both are for one alone.
type Client struct {
	net.Conn
	// Changed, if it is not nil, gets each packet as it will be on the wire, to change it.
	Changed func(packet []byte) []byte

	in      *bufio.Reader
	mine    string // identifications, without line ends
	theirs  string
	reading keys
	writing keys
	session []byte   // the session's id: the first exchange hash
	waiting [][]byte // received during a key exchange, for Receive
}

// identification is what a client says of itself.
const identification = "SSH-2.0-wiretest"

// New returns a client on a connection on which nothing was said yet.
func New(c net.Conn) *Client { return &Client{Conn: c, in: bufio.NewReader(c)} }

// Hello exchanges identifications (RFC 4253 §4.2).
func (c *Client) Hello() error {
	if _, err := io.WriteString(c.Conn, identification+"\r\n"); err != nil {
		return fmt.Errorf("send identification: %w", err)
	}
	c.mine = identification
	return c.Greeting()
}

// Greeting reads the server's identification.
func (c *Client) Greeting() error {
	line, err := c.in.ReadString('\n')
	if err != nil {
		return fmt.Errorf("receive identification: %w", err)
	}
	c.theirs = strings.TrimRight(line, "\r\n")
	if !strings.HasPrefix(c.theirs, "SSH-2.0-") {
		return fmt.Errorf("the server says %q", c.theirs)
	}
	return nil
}

// Login does all that is before a session: identification, key exchange, and the password.
func (c *Client) Login(user, password string) error {
	if err := c.Hello(); err != nil {
		return err
	}
	if err := c.KeyExchange(); err != nil {
		return err
	}
	if err := c.Service(); err != nil {
		return err
	}
	return c.Password(user, password)
}

// Service asks for the service with which a login begins (RFC 4252 §4).
func (c *Client) Service() error {
	if err := c.Send(Message(ServiceRequest, "ssh-userauth")); err != nil {
		return err
	}
	_, err := c.Await(ServiceAccept)
	return err
}

// errRefused is what a login ends with that the server refused.
var errRefused = errors.New("the login was refused")

// Password logs in with a password (RFC 4252 §8).
func (c *Client) Password(user, password string) error {
	if err := c.Send(Message(UserauthRequest, user, "ssh-connection", "password", false, password)); err != nil {
		return err
	}
	answer, err := c.Await(UserauthSuccess, UserauthFailure)
	if err == nil && answer[0] != UserauthSuccess {
		return errRefused
	}
	return err
}

// Await receives until a message with one of these numbers comes, and returns that.
func (c *Client) Await(numbers ...byte) ([]byte, error) {
	for {
		p, err := c.Receive()
		if err != nil {
			return nil, fmt.Errorf("wait for one of the messages %v: %w", numbers, err)
		}
		for _, n := range numbers {
			if p[0] == n {
				return p, nil
			}
		}
	}
}

// Session opens a session and returns the server's number for it. Its own is 0.
func (c *Client) Session() (uint32, error) {
	if err := c.Send(Message(ChannelOpen, "session", uint32(0), uint32(Window), uint32(MaxPacket))); err != nil {
		return 0, err
	}
	answer, err := c.Await(ChannelOpenConfirmation, ChannelOpenFailure)
	if err != nil {
		return 0, err
	}
	if answer[0] != ChannelOpenConfirmation || len(answer) < 9 {
		return 0, fmt.Errorf("the session was refused: %q", answer)
	}
	return number(answer[5:]), nil
}
