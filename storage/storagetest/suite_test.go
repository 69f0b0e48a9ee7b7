package storagetest

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/mem"
)

// verdict is the reporter of a check that is expected to fail.
type verdict struct {
	ctx  context.Context
	mu   sync.Mutex
	said []string
}

func (v *verdict) Helper()                  {}
func (v *verdict) Context() context.Context { return v.ctx }

func (v *verdict) Errorf(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.said = append(v.said, fmt.Sprintf(format, args...))
}

func (v *verdict) Fatalf(format string, args ...any) {
	v.Errorf(format, args...)
	runtime.Goexit()
}

// failures runs a check on a store, and returns what it has to say.
func failures(t *testing.T, c check, s storage.Store) []string {
	v := &verdict{ctx: t.Context()}
	done := make(chan struct{})
	go func() { // Fatalf ends it
		defer close(done)
		c.run(&suite{reporter: v, store: s})
	}()
	<-done
	return v.said
}

// TestEveryCheckFails breaks a store in every way that is known here, and wants the
// check that is about it to say so. A check that no break is known for is no check.
func TestEveryCheckFails(t *testing.T) {
	byName := map[string]check{}
	for _, c := range checks {
		byName[c.name] = c
		if said := failures(t, c, mem.New()); len(said) > 0 {
			t.Errorf("check %q fails for a whole store: %q", c.name, said)
		}
	}
	seen := map[string]bool{}
	for _, b := range breaks {
		for _, name := range b.caught {
			c, ok := byName[name]
			if !ok {
				t.Fatalf("there is no check %q", name)
			}
			seen[name] = true
			if len(failures(t, c, &broken{Store: mem.New(), b: b})) == 0 {
				t.Errorf("check %q passes for a store that %s", name, b.name)
			}
		}
	}
	for _, c := range checks {
		if !seen[c.name] {
			t.Errorf("no store is known that check %q fails for", c.name)
		}
	}
}
