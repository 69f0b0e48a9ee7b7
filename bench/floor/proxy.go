package floor

import (
	"io"
	"net"
	"sync"

	"golang.org/x/crypto/ssh"
)

// Proxy returns what joins a connection to a target with as little as there can be in between.
func Proxy(hostKey ssh.Signer, target, user string, key ssh.Signer) func(net.Conn) {
	server := serverConfig(hostKey)
	client := &ssh.ClientConfig{User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.InsecureIgnoreHostKey()}
	client.Ciphers = []string{Cipher}
	return func(c net.Conn) {
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
			if !joinChannel(n, up) {
				return
			}
		}
	}
}

// joinChannel opens the same channel at the target and copies what comes.
func joinChannel(n ssh.NewChannel, up *ssh.Client) bool {
	far, farRequests, err := up.OpenChannel(n.ChannelType(), n.ExtraData())
	if err != nil {
		return n.Reject(ssh.ConnectionFailed, err.Error()) == nil
	}
	near, nearRequests, err := n.Accept()
	if err != nil {
		return false
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
	return true
}
