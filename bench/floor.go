package main

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"

	"golang.org/x/crypto/ssh"
)

// floorCommand makes this program the floor: floor LISTEN TARGET HOSTKEY KEY USER.
const floorCommand = "floor"

// cipher is what all of the measured connections use: the fastest here, so that the
// rest shows.
const cipher = "aes128-gcm@openssh.com"

func runFloor(args []string) error {
	if len(args) != 5 {
		return errors.New("usage: floor LISTEN TARGET HOSTKEY KEY USER")
	}
	hostKey, err := readSigner(args[2])
	if err != nil {
		return err
	}
	key, err := readSigner(args[3])
	if err != nil {
		return err
	}
	server := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}
	server.AddHostKey(hostKey)
	client := &ssh.ClientConfig{User: args[4], Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.InsecureIgnoreHostKey()}
	client.Ciphers = []string{cipher}
	ln, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		go joinFloor(c, server, args[1], client) // ends with its connection
	}
}

func readSigner(path string) (ssh.Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return ssh.ParsePrivateKey(text)
}

// joinFloor copies one connection with as little as there can be in between.
func joinFloor(c net.Conn, server *ssh.ServerConfig, target string, client *ssh.ClientConfig) {
	defer c.Close()
	_, channels, requests, err := ssh.NewServerConn(c, server)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	up, err := ssh.Dial("tcp", target, client)
	if err != nil {
		return
	}
	defer up.Close()
	for n := range channels {
		far, farRequests, err := up.OpenChannel(n.ChannelType(), n.ExtraData())
		if err != nil {
			n.Reject(ssh.ConnectionFailed, err.Error())
			continue
		}
		near, nearRequests, err := n.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range nearRequests {
				ok, _ := far.SendRequest(r.Type, r.WantReply, r.Payload)
				r.Reply(ok, nil)
			}
			far.Close()
		}()
		go func() { io.Copy(far, near); far.CloseWrite() }()
		go func() {
			var out sync.WaitGroup
			out.Go(func() { io.Copy(near, far) })
			out.Go(func() { io.Copy(near.Stderr(), far.Stderr()) })
			out.Wait()
			near.CloseWrite()
			for r := range farRequests {
				near.SendRequest(r.Type, false, r.Payload)
			}
			near.Close()
		}()
	}
}
