package main

import (
	"bufio"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/sshtrail/sshtrail/bench/load"
	"github.com/sshtrail/sshtrail/bench/logs"
	"github.com/sshtrail/sshtrail/bench/meter"
)

// makeLog records a session into a new folder and returns the log's path and size.
func (b *bench) makeLog(name string, happens func(*logs.Session) error) (path string, size int64, err error) {
	dir := b.Path("log-" + name)
	if err := os.RemoveAll(dir); err != nil {
		return "", 0, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", 0, err
	}
	if path, err = logs.Make(b.ctx, dir, happens); err != nil {
		return "", 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", 0, err
	}
	return path, info.Size(), nil
}

// simulated adds the sizes of logs of typing and of lines, by the key and by the line: with
// a short log, of which a part is about the session, and without.
func (b *bench) simulated(w *watch) error {
	for _, k := range []struct {
		what    string
		n       int
		happens func(n int) func(*logs.Session) error
	}{
		{logKey, b.plan.simKeys, func(n int) func(*logs.Session) error { return logs.Keys(n, load.Pace) }},
		{logLine, b.plan.simLines, logs.Lines},
	} {
		for _, n := range []int{k.n / 10, k.n} {
			path, size, err := b.makeLog("size", k.happens(n))
			if err != nil {
				return err
			}
			each := map[metric]float64{logUnit: float64(size) / float64(n)}
			if err := b.add(w, sample{What: k.what, Who: recorded, X: float64(n), Values: each}); err != nil {
				return err
			}
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// The logs that are read, and the commands.
const (
	logOfText = "log of text"
	logOfKeys = "log of keys"
)

// reading has the built program read logs of which it is known what is in them.
func (b *bench) reading() error {
	for _, k := range []struct {
		name    string
		happens func(*logs.Session) error
		events  int
	}{
		{logOfText, logs.Pieces(load.Data(load.Text, 32<<20), b.plan.readBytes, time.Hour), int(b.plan.readBytes >> 15)},
		{logOfKeys, logs.Keys(b.plan.readKeys, load.Pace), 2 * b.plan.readKeys},
	} {
		path, _, err := b.makeLog("read", k.happens)
		if err != nil {
			return err
		}
		plain, err := plainSize(path)
		if err != nil {
			return err
		}
		for round := range b.plan.rounds {
			for _, command := range []string{"verify", "decode"} {
				if err := b.read(sample{What: command, Who: k.name, Round: round}, path, plain, k.events); err != nil {
					return err
				}
			}
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// plainSize is how much a log has before compression.
func plainSize(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	// ContainerSSH's header; what follows is gzip, as its format has it.
	if _, err := f.Seek(40, io.SeekStart); err != nil {
		return 0, err
	}
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return 0, fmt.Errorf("read log: %w", err)
	}
	return io.Copy(io.Discard, z)
}

// read runs a command on a log, with what it prints thrown away by the kernel.
func (b *bench) read(s sample, path string, plain int64, events int) error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	others, err := meter.Watch(os.Getpid())
	if err != nil {
		return err
	}
	w := &watch{begun: time.Now(), others: others}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	c := exec.CommandContext(b.ctx, b.Program(), s.What, path)
	c.Stdout = null
	if err := c.Run(); err != nil {
		return fmt.Errorf("sshtrail %s: %w", s.What, err)
	}
	took, cpu := w.took().Seconds(), (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
	s.Values = map[metric]float64{
		speed: float64(plain) / 1e6 / took, coreSpeed: float64(plain) / 1e6 / cpu,
		messages: float64(events) / took, coreMessage: float64(events) / cpu,
	}
	return b.add(w, s)
}

// screens is text for a terminal that hardly compresses: colours, and base64.
func screens(size int) []byte {
	random := load.Data(load.Random, size*2/3)
	text := make([]byte, 0, size+size/8)
	for i := 0; len(random) >= 72 && len(text) < size; i++ {
		text = fmt.Appendf(text, "\x1b[%dm%s\r\n", 31+i%7, base64.StdEncoding.EncodeToString(random[:72]))
		random = random[72:]
	}
	return text
}
