package load

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/bench/floor"
)

// each calls f n times, with this many at once, until one fails.
func each(n, atOnce int, f func(i int) error) error {
	todo := make(chan int, n)
	for i := range n {
		todo <- i
	}
	close(todo)
	failed := make(chan error, atOnce)
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for i := range todo {
				if len(failed) > 0 {
					return
				}
				if err := f(i); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// Logins logs in and leaves, so many times with so many at once.
func (c Client) Logins(n, atOnce int) error {
	return each(n, atOnce, func(int) error {
		client, err := c.dial()
		if err != nil {
			return fmt.Errorf("log in: %w", err)
		}
		return client.Close()
	})
}

// Sessions are many sessions that are open at once.
type Sessions []*Session

// OpenMany opens sessions that run [floor.Echo], and types one key in each.
func (c Client) OpenMany(n int) (Sessions, error) {
	all := make(Sessions, n)
	err := each(n, 16, func(i int) error {
		s, err := c.Open()
		if err != nil {
			return fmt.Errorf("session %d of %d: %w", i+1, n, err)
		}
		all[i] = s
		if err := s.Start(floor.Echo); err != nil {
			return err
		}
		_, err = s.Key('x')
		return err
	})
	if err != nil {
		return nil, errors.Join(err, all.Close())
	}
	return all, nil
}

// Close ends all of them.
func (s Sessions) Close() error {
	return each(len(s), 16, func(i int) error {
		if s[i] == nil {
			return nil
		}
		if err := s[i].Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
}

// Round types a key in each of some sessions, one after another, so many times in all.
func (s Sessions) Round(keys int) ([]time.Duration, error) {
	took := make([]time.Duration, 0, keys)
	for i := range keys {
		d, err := s[i%len(s)].Key('a' + byte(i%26))
		if err != nil {
			return nil, err
		}
		took = append(took, d)
	}
	return took, nil
}

// Pace is how long a person waits between two keys: from 40 ms to a second and now and
// then longer, 200 ms on average, with the tail that typing has (Dhakal et al., Observations on
// Typing from 136 Million Keystrokes, CHI 2018: 52 words a minute on average, that is 239 ms).
func Pace(r *rand.Rand) time.Duration {
	return 40*time.Millisecond + time.Duration(r.ExpFloat64()*160*float64(time.Millisecond))
}

// Type has a person at each session, who types for as long.
func (s Sessions) Type(long time.Duration) ([]time.Duration, error) {
	var mu sync.Mutex
	var took []time.Duration
	until := time.Now().Add(long)
	err := each(len(s), len(s), func(i int) error {
		r := rand.New(rand.NewPCG(uint64(i), 1))
		for wait := Pace(r); time.Now().Add(wait).Before(until); wait = Pace(r) {
			time.Sleep(wait)
			d, err := s[i].Key('a' + byte(r.IntN(26)))
			if err != nil {
				return err
			}
			mu.Lock()
			took = append(took, d)
			mu.Unlock()
		}
		return nil
	})
	return took, err
}

// Knock connects so many times, each up to where the client has to prove who it is, and
// leaves it there. The function that it returns ends them.
func (c Client) Knock(n int) (leave func(), err error) {
	proof := make(chan struct{})
	arrived := make(chan error, n)
	var all sync.WaitGroup
	leave = sync.OnceFunc(func() { close(proof); all.Wait() })
	var conns []net.Conn
	for range n {
		conn, err := net.Dial("tcp", c.Addr)
		if err != nil {
			leave()
			return nil, fmt.Errorf("connect: %w", err)
		}
		conns = append(conns, conn)
		all.Go(func() {
			defer conn.Close()
			ask := ssh.PublicKeysCallback(func() ([]ssh.Signer, error) {
				arrived <- nil
				<-proof
				return nil, errors.New("nobody wants in")
			})
			if _, _, _, err := ssh.NewClientConn(conn, c.Addr, c.config(ask)); err != nil {
				arrived <- err
			}
		})
		if len(conns)%16 == 0 {
			for range 16 {
				err = errors.Join(err, <-arrived)
			}
			if err != nil {
				leave()
				return nil, err
			}
		}
	}
	for range n % 16 {
		err = errors.Join(err, <-arrived)
	}
	return leave, err
}
