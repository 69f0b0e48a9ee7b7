package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/sshtrail/sshtrail/bench/load"
	"github.com/sshtrail/sshtrail/bench/logs"
	"github.com/sshtrail/sshtrail/bench/meter"
	"github.com/sshtrail/sshtrail/bench/rig"
)

// watchSelf watches what this process does itself.
func (b *bench) watchSelf() (*watch, error) {
	return b.watch(&rig.Process{PID: os.Getpid()})
}

// linked is in the names of the logs that folder makes, and of no others.
const linked = "7000800000000000"

// folder makes a folder with so many logs, or adds to it: ids of ours, at which stand a few logs
// again and again, as hard links.
func (b *bench) folder(n int) (string, error) {
	dir := b.Path("many")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	const links = 50_000 // of a file: ext4 has at most 65,000
	original := ""
	for i := range n {
		name := filepath.Join(dir, fmt.Sprintf("019a%08x"+linked+"%04x", i, i&0xffff))
		if i%links == 0 {
			if _, err := os.Stat(name); err == nil {
				original = name
				continue
			}
			path, _, err := b.makeLog("one", logs.Keys(20, load.Pace))
			if err != nil {
				return "", err
			}
			if err := os.Rename(path, name); err != nil {
				return "", err
			}
			original = name
			continue
		}
		if err := os.Link(original, name); err != nil && !os.IsExist(err) {
			return "", err
		}
	}
	return dir, nil
}

// ls lists folders with more and more logs, and logs in where they are.
func (b *bench) ls() error {
	target, err := b.Server()
	if err != nil {
		return err
	}
	defer target.Stop()
	for _, n := range b.plan.logs {
		dir, err := b.folder(n)
		if err != nil {
			return err
		}
		for round := range b.plan.rounds {
			if err := b.firstLine(sample{What: "ls", Who: "logs", X: float64(n), Round: round}, dir, n); err != nil {
				return err
			}
		}
		if err := errors.Join(b.loginInto(target, dir, n), removeOthers(dir)); err != nil {
			return err
		}
	}
	return os.RemoveAll(b.Path("many"))
}

// removeOthers removes what gateways have added to a folder.
func removeOthers(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if !strings.Contains(e.Name(), linked) {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// firstLine lists up to the first line, and in the first round to the last.
func (b *bench) firstLine(s sample, dir string, n int) error {
	others, err := meter.Watch(os.Getpid())
	if err != nil {
		return err
	}
	w := &watch{begun: time.Now(), others: others}
	c := exec.CommandContext(b.ctx, b.Program(), "ls", dir)
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	lines.Scan() // the columns' names
	lines.Scan()
	s.Values = map[metric]float64{firstMs: float64(w.took().Microseconds()) / 1e3}
	if s.Round > 0 {
		c.Process.Kill()
		c.Wait() // it was killed: that it says so is no news
		return b.add(w, s)
	}
	listed := 1
	for lines.Scan() {
		listed++
	}
	if err := c.Wait(); err != nil || listed != n {
		return fmt.Errorf("sshtrail ls printed %d lines of %d: %w", listed, n, err)
	}
	s.Values[allMs] = float64(w.took().Microseconds()) / 1e3
	return b.add(w, s)
}

// loginInto measures logins whose logs come into a folder with many.
func (b *bench) loginInto(target *rig.Process, dir string, n int) error {
	p, err := b.Gateway(recorded, target, rig.Audit{Logs: dir})
	if err != nil {
		return err
	}
	defer p.Stop()
	for round := range b.plan.rounds {
		w, err := b.watch(p)
		if err != nil {
			return err
		}
		if err := b.client(p).Logins(b.plan.oneByOne, theClient); err != nil {
			return err
		}
		took := w.took()
		if err := p.Settled(rig.Kept{Logs: n + b.plan.oneByOne*(round+1)}); err != nil {
			return err
		}
		cpu, err := w.cpu()
		if err != nil {
			return err
		}
		logins := float64(b.plan.oneByOne)
		err = b.add(w, sample{What: "logins beside other logs", Who: recorded, X: float64(n), Round: round,
			Values: map[metric]float64{cpuLogin: cpu.Seconds() * 1e3 / logins, perSecond: logins / took.Seconds()}})
		if err != nil {
			return err
		}
	}
	return nil
}
