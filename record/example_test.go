package record_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/codec"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/mem"
	"github.com/sshtrail/sshtrail/tap"
)

// An SSH server that has ssh.NewServerConn becomes one that records: a Recorder for the
// process, a Log for each connection, and the tap between them.
func Example() {
	journal, err := os.MkdirTemp("", "journal")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(journal)
	store := mem.New()
	recorder, err := record.Open(context.Background(), record.Config{Journal: journal, Store: store})
	if err != nil {
		log.Fatal(err)
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go visit(listener.Addr().String()) // a client, for the example; it ends with its connection
	accepted, err := listener.Accept()
	if err != nil {
		log.Fatal(err)
	}
	entry := recorder.Begin()
	conn, channels, requests, err := tap.NewServerConn(accepted, openServer(), entry, tap.Intercept{Stdout: true})
	if err != nil {
		log.Fatal(err)
	}
	go tap.Discard(requests)
	for offered := range channels {
		channel, requests, err := offered.Accept()
		if err != nil {
			break
		}
		go tap.Discard(requests)
		fmt.Fprint(channel, "hello\n") // in the journal before it is sent
		channel.Close()
	}
	conn.Close()

	if err := recorder.Close(context.Background(), "done"); err != nil {
		log.Fatal(err)
	}
	finished, err := store.Open(context.Background(), storage.Name(entry.ID()))
	if err != nil {
		log.Fatal(err)
	}
	reader := codec.NewReader(io.NewSectionReader(finished, 0, finished.Size()))
	for ev, err := range reader.Events() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%T\n", ev.Body)
	}
	fmt.Println(reader.Verdict())
	// Output:
	// *event.Connect
	// *event.AuthNone
	// *event.HandshakeSuccessful
	// *event.NewChannel
	// *event.NewChannelSuccessful
	// *event.IO
	// *event.Close
	// *event.Disconnect
	// *event.Summary
	// complete
}

// openServer lets everybody in.
func openServer() *ssh.ServerConfig {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	signer, err := ssh.NewSignerFromSigner(key)
	if err != nil {
		log.Fatal(err)
	}
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(signer)
	return config
}

// visit opens a channel, reads what it prints, and leaves.
func visit(addr string) {
	client, err := ssh.Dial("tcp", addr, &ssh.ClientConfig{HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	channel, _, err := client.OpenChannel("session", nil)
	if err != nil {
		log.Fatal(err)
	}
	io.Copy(io.Discard, channel)
}
