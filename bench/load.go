package main

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// workload is something that clients do.
type workload struct {
	name string
	run  func(b *bench, p proxy, r *result) error
	unit float64 // how many of what log bytes are counted by
}

func workloads(o options) []workload {
	const logins = 200
	size := o.size << 20
	return []workload{
		{"text down", func(b *bench, p proxy, r *result) error { return b.bulk(p, r, "text", size) }, float64(size)},
		{"random down", func(b *bench, p proxy, r *result) error { return b.bulk(p, r, "random", size) }, float64(size)},
		{"keys", func(b *bench, p proxy, r *result) error { return b.keys(p, r, o.keys) }, float64(o.keys)},
		{"logins", func(b *bench, p proxy, r *result) error { return b.logins(p, r, logins) }, logins},
	}
}

// measure runs a workload on a proxy.
func (b *bench) measure(p proxy, w workload) (result, error) {
	r := result{Proxy: p.name, Workload: w.name}
	before := int64(0)
	var err error
	if p.logs != "" {
		if before, err = b.settledLogs(p); err != nil {
			return r, err
		}
	}
	if err := w.run(b, p, &r); err != nil {
		return r, err
	}
	if p.logs != "" {
		after, err := b.settledLogs(p)
		if err != nil {
			return r, err
		}
		r.LogBytes = float64(after-before) / w.unit
	}
	return r, nil
}

// settledLogs waits until the gateway has finished its logs, and returns their size.
func (b *bench) settledLogs(p proxy) (int64, error) {
	for last := int64(-1); ; {
		n, err := p.logBytes()
		if err != nil || n == last {
			return n, err
		}
		last = n
		time.Sleep(300 * time.Millisecond)
	}
}

func (b *bench) dial(p proxy) (*ssh.Client, error) {
	c := &ssh.ClientConfig{User: b.user, Auth: []ssh.AuthMethod{ssh.PublicKeys(b.key)}, HostKeyCallback: ssh.InsecureIgnoreHostKey()}
	c.Ciphers = []string{cipher}
	return ssh.Dial("tcp", p.addr, c)
}

// bulk has the target print a file.
func (b *bench) bulk(p proxy, r *result, file string, size int) error {
	c, err := b.dial(p)
	if err != nil {
		return err
	}
	defer c.Close()
	s, err := c.NewSession()
	if err != nil {
		return err
	}
	out, err := s.StdoutPipe()
	if err != nil {
		return err
	}
	used, err := cpu(p.pid)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := s.Start("exec cat " + b.path(file)); err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, out)
	if err != nil || n != int64(size) {
		return fmt.Errorf("%d bytes arrived of %d: %w", n, size, err)
	}
	if err := s.Wait(); err != nil {
		return err
	}
	took := time.Since(start)
	now, err := cpu(p.pid)
	r.MBps = float64(size) / 1e6 / took.Seconds()
	r.CPUGiB = (now - used) / (float64(size) / (1 << 30))
	return err
}

// keys types, waiting for each key's echo, as a person does who waits for nothing else.
func (b *bench) keys(p proxy, r *result, n int) error {
	c, err := b.dial(p)
	if err != nil {
		return err
	}
	defer c.Close()
	s, err := c.NewSession()
	if err != nil {
		return err
	}
	in, err := s.StdinPipe()
	if err != nil {
		return err
	}
	out, err := s.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.Start("exec cat"); err != nil {
		return err
	}
	used, err := cpu(p.pid)
	if err != nil {
		return err
	}
	took := make([]time.Duration, n)
	key := []byte{0}
	for i := range took {
		key[0] = 'a' + byte(i%26)
		start := time.Now()
		if _, err := in.Write(key); err != nil {
			return err
		}
		if _, err := io.ReadFull(out, key); err != nil {
			return err
		}
		took[i] = time.Since(start)
	}
	now, err := cpu(p.pid)
	slices.Sort(took)
	r.P50us = float64(took[n/2].Microseconds())
	r.CPUms = (now - used) * 1000 / float64(n) * 1000
	return err
}

// logins logs in, runs nothing and leaves, 16 at a time.
func (b *bench) logins(p proxy, r *result, n int) error {
	used, err := cpu(p.pid)
	if err != nil {
		return err
	}
	start := time.Now()
	todo := make(chan struct{}, n)
	for range n {
		todo <- struct{}{}
	}
	close(todo)
	failed := make(chan error, 16)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range todo {
				c, err := b.dial(p)
				if err != nil {
					failed <- err
					return
				}
				c.Close()
			}
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		return err
	default:
	}
	took := time.Since(start)
	now, err := cpu(p.pid)
	r.PerSec = float64(n) / took.Seconds()
	r.CPUms = (now - used) * 1000 / float64(n) * 1000
	return err
}
