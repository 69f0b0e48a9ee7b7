//go:build linux

package local

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
)

// However many ask while a list is made, they share the one after it: it was begun after
// they asked, and has what is old enough for each.
func TestEndingsShareAList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []uint64
		made, goOn := 0, make(chan struct{})
		c := newCensus()
		c.list = func(born uint64) ([]stat, error) {
			made++
			asked = append(asked, born)
			list := []stat{{pid: made, born: 100}}
			<-goOn
			return list, nil
		}
		var all sync.WaitGroup
		ask := func(born uint64, want int) {
			all.Go(func() {
				p, err := c.take(born)
				if _, ok := p.byPID[want]; !ok || err != nil {
					t.Errorf("take(%d) = %v, %v, want the list number %d", born, p.byPID, err, want)
				}
			})
			synctest.Wait()
		}
		ask(50, 1)
		for n := range uint64(1000) {
			ask(60-n%30, 2)
		}
		goOn <- struct{}{} // the first is made
		synctest.Wait()
		ask(70, 3) // it must not share the second, which has begun
		close(goOn)
		all.Wait()
		if made != 3 || asked[0] != 50 || asked[1] != 31 || asked[2] != 70 {
			t.Errorf("%d lists were made, of those born since %v, want 3, since 50, 31 and 70", made, asked)
		}
	})
}

// What keeps the list from being made is everybody's who waits for it, a panic too.
func TestNoListNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, goOn := newCensus(), make(chan struct{})
		broken := errors.New("broken")
		c.list = func(born uint64) ([]stat, error) {
			<-goOn
			if born == 2 {
				panic(broken)
			}
			return nil, broken
		}
		var all sync.WaitGroup
		take := func(born uint64, want error) {
			all.Go(func() {
				defer func() { _ = recover() }() // as the gateway does
				if _, err := c.take(born); err != want {
					t.Errorf("take(%d) = %v, want %v", born, err, want)
				}
			})
			synctest.Wait()
		}
		take(1, broken)
		take(2, nil) // panics
		take(3, errNotListed)
		close(goOn)
		all.Wait()
		take(4, broken)
		all.Wait()
	})
}
