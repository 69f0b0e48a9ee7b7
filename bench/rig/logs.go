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

// Settled waits until a gateway has finished the logs of all sessions that have ended, and
// returns how many bytes its finished logs have, and how many they are. Its own log is
// not finished, and so does not count.
func (p *Process) Settled(logs int) (size int64, err error) {
	for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		size, n, err := p.finished()
		if err != nil || n >= logs {
			return size, err
		}
		if time.Now().After(until) {
			return 0, fmt.Errorf("%s has finished %d logs, and should have %d", p.Name, n, logs)
		}
	}
}

func (p *Process) finished() (size int64, n int, err error) {
	err = filepath.WalkDir(p.Logs, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".partial") || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		if !strings.Contains(d.Name(), ".") {
			n++ // those with an extension are views of one
		}
		return err
	})
	return size, n, err
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
