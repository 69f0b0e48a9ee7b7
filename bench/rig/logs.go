package rig

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Kept is what a gateway has finished. Its own log is not, and so does not count.
type Kept struct {
	Logs, Casts int
	Bytes       int64 // of both
}

// Settled waits until a gateway has finished the logs of so many sessions, all of which
// have ended, and what is made of them.
func (p *Process) Settled(logs int) (Kept, error) {
	for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		kept, pending, err := p.kept()
		if err != nil || kept.Logs >= logs && pending == 0 {
			return kept, err
		}
		if time.Now().After(until) {
			return kept, fmt.Errorf("%s has finished %d logs, and should have %d; %d casts are not finished", p.Name, kept.Logs, logs, pending)
		}
	}
}

// kept looks at what there is, and counts the casts that are not finished.
func (p *Process) kept() (k Kept, pending int, err error) {
	const partial, cast = ".partial", ".cast"
	err = filepath.WalkDir(p.Logs, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, unfinished := strings.CutSuffix(d.Name(), partial)
		switch {
		case strings.HasPrefix(name, "."):
			return nil
		case unfinished:
			if strings.HasSuffix(name, cast) {
				pending++
			}
			return nil
		case strings.HasSuffix(name, cast):
			k.Casts++
		default:
			k.Logs++
		}
		info, err := d.Info()
		if err == nil {
			k.Bytes += info.Size()
		}
		return err
	})
	return k, pending, err
}

// Clear removes a gateway's finished logs, so that nothing fills up.
func (p *Process) Clear() error {
	entries, err := os.ReadDir(p.Logs)
	for _, e := range entries {
		if name := e.Name(); !strings.HasSuffix(name, ".partial") && !strings.HasPrefix(name, ".") {
			err = errors.Join(err, os.Remove(filepath.Join(p.Logs, name)))
		}
	}
	return err
}
