// Package floor is the least that SSH costs in Go: a server, and a proxy, that record nothing.
//
// Both stand on x/crypto/ssh and io.Copy alone, with no checks, no limits and no order
// between what they copy. Nobody should run them where somebody can reach them: everybody gets in.
package floor

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/crypto/ssh"
)

// Cipher is what all measured connections use: the fastest here, so that the rest shows.
const Cipher = "aes128-gcm@openssh.com"

// Serve listens on an address and has join serve each connection, until that fails.
func Serve(addr string, join func(net.Conn)) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	for {
		c, err := ln.Accept()
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		go join(c) // ends with its connection
	}
}

// ReadSigner reads a private key.
func ReadSigner(path string) (ssh.Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return ssh.ParsePrivateKey(text)
}

// serverConfig lets everybody in who has a key.
func serverConfig(hostKey ssh.Signer) *ssh.ServerConfig {
	c := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}
	c.AddHostKey(hostKey)
	return c
}
