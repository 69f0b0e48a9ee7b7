package load

import (
	"fmt"
	"sync"

	"github.com/sshtrail/sshtrail/internal/oracle"
)

// kind is something that clients do.
type kind struct {
	name string
	do   func(c *client) error
}

func kinds() []kind {
	return []kind{
		{"down", (*client).down}, {"up", (*client).up}, {"both ways", (*client).both}, {"stderr", (*client).stderr},
		{"echo", (*client).echo}, {"answer after the end of input", (*client).late},
		{"typing", (*client).types}, {"typing, and gone", (*client).typesAndLeaves},
		{"small programs", (*client).many}, {"channels", (*client).opensAndCloses}, {"sftp", (*client).sftp},
	}
}

// name makes a command line that no other client has, and that ends as is said.
func (c *client) name(command string, status uint32) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("%s; exit %d # %s.%d", command, status, c.token, c.rand.Uint64())
}

// sum is what sha256sum prints.
func sum(c oracle.Content) oracle.Content { return oracle.Of([]byte(c.SHA256 + "  -\n")) }

func (c *client) down() error {
	p, status := c.pool.piece(c.rand, c.most()), uint32(c.rand.IntN(200))
	return c.talk(&talk{command: c.name(p.command, status), stdout: p.Content, status: status})
}

func (c *client) up() error {
	p, status := c.pool.piece(c.rand, c.most()), uint32(c.rand.IntN(200))
	return c.talk(&talk{command: c.name("sha256sum", status), stdin: p.Content, stdout: sum(p.Content), status: status})
}

func (c *client) both() error {
	up, down := c.pool.piece(c.rand, c.most()), c.pool.piece(c.rand, c.most())
	return c.talk(&talk{command: c.name(down.command+" & sha256sum >&2; wait", 3), stdin: up.Content, stdout: down.Content, stderr: sum(up.Content), status: 3})
}

func (c *client) stderr() error {
	out, errs := c.pool.piece(c.rand, c.most()), c.pool.piece(c.rand, c.most())
	return c.talk(&talk{command: c.name("{ "+errs.command+"; } >&2 & "+out.command+"; wait", 0), stdout: out.Content, stderr: errs.Content})
}

func (c *client) echo() error {
	p := c.pool.piece(c.rand, c.most())
	return c.talk(&talk{command: c.name("cat", 0), stdin: p.Content, stdout: p.Content})
}

// late has a program that says much only once it has read all: the other direction goes on
// when one has ended.
func (c *client) late() error {
	up, down := c.pool.piece(c.rand, c.most()), c.pool.piece(c.rand, c.most())
	return c.talk(&talk{command: c.name("sha256sum >&2; "+down.command, 0), stdin: up.Content, stdout: down.Content, stderr: sum(up.Content)})
}

// many runs small programs over one connection, some at once, as git and ansible do.
func (c *client) many() error {
	const atOnce = 4
	errs := make([]error, atOnce)
	var all sync.WaitGroup
	for i := range atOnce {
		r := c.source()
		all.Go(func() {
			for range c.rig.Size(4, 12) {
				p := c.pool.piece(r, 4<<10)
				if err := c.talk(&talk{command: c.name("cat; echo done >&2", 1), stdin: p.Content, stdout: p.Content, stderr: oracle.Of([]byte("done\n")), status: 1}); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// opensAndCloses opens channels and runs nothing on them, between programs. One of a type that
// nobody knows is refused.
func (c *client) opensAndCloses() error {
	for range c.rig.Size(4, 20) {
		ch, _, err := c.ssh.OpenChannel("session", nil)
		if err != nil {
			return fmt.Errorf("open channel: %w", err)
		}
		c.mu.Lock()
		c.bare++
		c.mu.Unlock()
		if c.rand.IntN(2) == 0 {
			ch.CloseWrite()
		}
		if err := ch.Close(); err != nil {
			return fmt.Errorf("close channel: %w", err)
		}
		if ch, _, err := c.ssh.OpenChannel("load@example.com", nil); err == nil {
			ch.Close()
			return fmt.Errorf("a channel of type %q was opened", "load@example.com")
		}
		if c.rand.IntN(4) > 0 {
			continue
		}
		p := c.pool.piece(c.rand, 1<<10)
		if err := c.talk(&talk{command: c.name("cat", 0), stdin: p.Content, stdout: p.Content}); err != nil {
			return err
		}
	}
	return nil
}
