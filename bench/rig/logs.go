package rig

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Kept is what a gateway has finished. Its own log is not, and so does not count.
type Kept struct{ Logs, Casts int }

// Settled waits until a gateway has finished so many logs, of sessions that have all ended, and
// the casts that are made of them, which may begin only then.
func (p *Process) Settled(want Kept) error {
	for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		kept, pending, err := p.kept()
		if err != nil || kept.Logs >= want.Logs && kept.Casts >= want.Casts && pending == 0 {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("%s has finished %+v, and should have %+v; %d casts are not finished", p.Name, kept, want, pending)
		}
	}
}

const partial, cast = ".partial", ".cast"

// kept looks at the names only: there may be a million.
func (p *Process) kept() (k Kept, pending int, err error) {
	names, err := p.names()
	for _, name := range names {
		name, unfinished := strings.CutSuffix(name, partial)
		switch isCast := strings.HasSuffix(name, cast); {
		case unfinished && isCast:
			pending++
		case unfinished:
		case isCast:
			k.Casts++
		default:
			k.Logs++
		}
	}
	return k, pending, err
}

// names are those in the folder for logs but for what the gateway keeps for itself.
func (p *Process) names() ([]string, error) {
	dir, err := os.Open(p.Logs)
	if err != nil {
		return nil, fmt.Errorf("look at logs: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	return slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, ".") }), err
}

// Size is how many bytes a gateway has finished, of logs and casts.
func (p *Process) Size() (int64, error) {
	names, err := p.names()
	size := int64(0)
	for _, name := range names {
		if strings.HasSuffix(name, partial) {
			continue
		}
		info, statErr := os.Stat(filepath.Join(p.Logs, name))
		if statErr != nil {
			return 0, errors.Join(err, statErr)
		}
		size += info.Size()
	}
	return size, err
}

// Clear removes a gateway's finished logs, so that nothing fills up.
func (p *Process) Clear() error {
	names, err := p.names()
	for _, name := range names {
		if !strings.HasSuffix(name, partial) {
			err = errors.Join(err, os.Remove(filepath.Join(p.Logs, name)))
		}
	}
	return err
}
