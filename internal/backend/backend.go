// Package backend says what running programs for a client takes, whatever runs them.
//
// It has os/exec's shape, for places that are not only this machine; package session
// makes SSH's env / pty-req / exec state machine of it, once for all of them.
package backend

import (
	"context"
	"io"
)

// Backend runs programs for clients.
type Backend interface {
	// Connect prepares for one authenticated client, or says why it can't: its error
	// is shown to the client. ctx bounds the preparation only.
	Connect(ctx context.Context, client Client) (Host, error)
}

// Client is who programs are run for.
type Client struct {
	ConnectionID string
	Username     string // as authenticated
	RemoteAddr   string // host:port
	LocalAddr    string // host:port
}

// Host runs the programs of one connection. Its methods may be called concurrently.
type Host interface {
	// Start starts a program. Its error is shown to the client.
	Start(ctx context.Context, cmd Command) (Process, error)
	// Close ends whatever is left of the connection's programs and returns when
	// nothing runs any more.
	Close() error
	// String says what the client is joined to, for people: "local:alice".
	String() string
}

// Command is a program to start.
type Command struct {
	Kind    Kind
	Program string   // Exec: the command line for the user's shell; Subsystem: its name
	Env     []string // NAME=value, as the client asked and policy allowed
	Trusted []string // NAME=value, from the gateway's own configuration: over all others
	PTY     *PTY     // nil without one
}

// Kind is one of the three ways to start a program (RFC 4254 §6.5).
type Kind int

// The kinds of programs.
const (
	Shell Kind = iota
	Exec
	Subsystem
)

// PTY is a pseudo-terminal as it was asked for (RFC 4254 §6.2).
type PTY struct {
	Term  string
	Size  Size
	Modes []byte // encoded terminal modes (RFC 4254 §8)
}

// Size is a terminal's size; Width and Height are pixels, 0 where not known.
type Size struct{ Columns, Rows, Width, Height uint32 }

// Process is a started program. Its methods may be called concurrently.
type Process interface {
	Streams() Streams
	// Resize tells the terminal its new size. Without a terminal it does nothing.
	Resize(Size) error
	// Signal sends a signal by its name in RFC 4254 §6.9, without "SIG".
	Signal(name string) error
	// Wait returns when the program has ended. It does not wait for its output to be
	// read. It may be called more than once.
	Wait() (Exit, error)
	// Close ends the program and all it started in its group, and returns when that
	// is done. After it, the streams are at their end.
	Close() error
}

// Streams are a program's. Stdout and Stderr return io.EOF once the program, and who
// inherited them, closed them and all was read; they may be read at the same time.
// With a terminal Stderr is nil. Closing Stdin is end-of-file for the program, and does
// not end it.
type Streams struct {
	Stdin  io.WriteCloser
	Stdout io.Reader
	Stderr io.Reader
}

// Exit is how a program ended: with a status, or by a signal if that is not empty
// (its name without "SIG").
type Exit struct {
	Status     uint32
	Signal     string
	CoreDumped bool
}
