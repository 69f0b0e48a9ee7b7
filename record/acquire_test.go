package record

import (
	"errors"
	"testing"
	"testing/synctest"
)

// Who waits for the log while its end is written in spite of trouble does not get it: two
// at once would mix up their events, and the second's release would be the first's.
func TestWaiterIsNotLetInBesideTheLastWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("disk is gone")
		l := &Log{sem: make(chan struct{}, 1)}
		l.trouble.init()
		l.sem <- struct{}{} // as the one who writes the end
		got := make(chan error, 1)
		go func() { got <- l.acquire() }()
		synctest.Wait() // it waits
		l.trouble.lastWords.Store(true)
		l.trouble.stop(cause)
		synctest.Wait()
		select {
		case err := <-got:
			if err != cause {
				t.Errorf("acquire = %v while somebody else holds the log, want %v", err, cause)
			}
		default:
			t.Error("acquire still waits, want it to give up")
		}
	})
}
