package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/sshtrail/sshtrail/bench/load"
	"github.com/sshtrail/sshtrail/bench/meter"
	"github.com/sshtrail/sshtrail/bench/rig"
)

// bench is what the parts share. Its life is that of one command.
type bench struct {
	*rig.Rig
	ctx     context.Context
	plan    plan
	profile string // folder for profiles, empty if none are taken
	log     io.Writer
	results *results
}

// results are what is kept.
type results struct {
	Machine machine  `json:"machine"`
	Long    bool     `json:"long"`
	Notes   []string `json:"notes,omitempty"` // what was not possible, and why
	Samples []sample `json:"samples"`
}

// machine is what the numbers belong to.
type machine struct {
	When   string  `json:"when"`
	CPU    string  `json:"cpu"`
	Cores  int     `json:"cores"`
	MiB    int64   `json:"memoryMiB"`
	Kernel string  `json:"kernel"`
	Go     string  `json:"go"`
	Commit string  `json:"commit,omitempty"`
	Load   float64 `json:"load"` // before, of one minute
}

// resultsFile is where results are kept in their folder.
const resultsFile = "results.json"

// json is the results with a sample on each line.
func (r *results) json() []byte {
	whole := *r
	whole.Samples = []sample{}
	head, err := json.MarshalIndent(whole, "", " ")
	if err != nil {
		panic("bench: " + err.Error())
	}
	var b strings.Builder
	b.Write(head[:len(head)-len("]\n}")])
	for i, s := range r.Samples {
		line, err := json.Marshal(s)
		if err != nil {
			panic("bench: " + err.Error()) // a value that is no number
		}
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString("\n  ")
		b.Write(line)
	}
	b.WriteString("\n ]\n}\n")
	return []byte(b.String())
}

func (b *bench) client(p *rig.Process) load.Client {
	return load.Client{Addr: p.Addr, User: b.User, Key: b.Key}
}

// note keeps, and says, what is to be known of the results.
func (b *bench) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	fmt.Fprintln(b.log, "  note:", text)
	if !slices.Contains(b.results.Notes, text) {
		b.results.Notes = append(b.results.Notes, text)
	}
}

// watch measures a process from now on.
type watch struct {
	pid    int
	used   time.Duration
	begun  time.Time
	others *meter.Others
}

func (b *bench) watch(p *rig.Process) (*watch, error) {
	if err := b.ctx.Err(); err != nil {
		return nil, err
	}
	others, err := meter.Watch(os.Getpid())
	if err != nil {
		return nil, err
	}
	used, err := meter.CPU(p.PID)
	return &watch{pid: p.PID, used: used, begun: time.Now(), others: others}, err
}

// cpu is what the process has used since.
func (w *watch) cpu() (time.Duration, error) {
	now, err := meter.CPU(w.pid)
	return now - w.used, err
}

// took is how long it is since.
func (w *watch) took() time.Duration { return time.Since(w.begun) }

// add keeps a sample that was watched.
func (b *bench) add(w *watch, s sample) error {
	var err error
	s.Foreign, err = w.others.Share()
	s.Foreign = float64(int(s.Foreign*1000+0.5)) / 1000
	for m, v := range s.Values {
		s.Values[m] = short(v)
	}
	b.results.Samples = append(b.results.Samples, s)
	return err
}

// short is v with the digits that mean something.
func short(v float64) float64 {
	var w float64
	fmt.Sscan(fmt.Sprintf("%.5g", v), &w)
	return w
}

// variants are what is compared: the floor first.
type variant struct {
	name  string
	start func(target *rig.Process) (*rig.Process, error)
}

// The names of what is compared.
const (
	theFloor = "floor"
	auditOff = "audit off"
	recorded = "recorded"
	andCast  = "recorded, and casts"
)

func (b *bench) variants() []variant {
	gateway := func(name string, a rig.Audit) variant {
		return variant{name, func(target *rig.Process) (*rig.Process, error) { return b.Gateway(name, target, a) }}
	}
	return []variant{
		{theFloor, b.Floor},
		gateway(auditOff, rig.Audit{Off: true}),
		gateway(recorded, rig.Audit{}),
		gateway(andCast, rig.Audit{Format: "[binary, asciinema]"}),
	}
}

// interleaved starts all variants and calls f for each, round after round, each time with
// another one first. Then it ends them.
func (b *bench) interleaved(target *rig.Process, variants []variant, rounds int, f func(p *rig.Process, round int) error) error {
	var all []*rig.Process
	defer func() {
		for _, p := range all {
			p.Stop()
		}
	}()
	for _, v := range variants {
		p, err := v.start(target)
		if err != nil {
			return err
		}
		p.Name = v.name
		all = append(all, p)
	}
	for round := range rounds {
		for i := range all {
			p := all[(i+round)%len(all)]
			if err := f(p, round); err != nil {
				return fmt.Errorf("%s: %w", p.Name, err)
			}
		}
	}
	return nil
}

// profiled calls f, and takes a profile of the CPU of p meanwhile if profiles are wanted.
func (b *bench) profiled(p *rig.Process, name string, seconds int, f func() error) error {
	if b.profile == "" {
		return f()
	}
	file := func(kind string) string {
		return filepath.Join(b.profile, strings.ReplaceAll(name+" "+p.Name+" "+kind+".pb.gz", " ", "-"))
	}
	done := make(chan error, 1)
	go func() { done <- p.Profile(fmt.Sprint("profile?seconds=", seconds), file("cpu")) }()
	err := f()
	for _, kind := range []string{"allocs", "heap", "block", "mutex"} {
		if err == nil {
			err = p.Profile(kind, file(kind))
		}
	}
	if profileErr := <-done; err == nil {
		err = profileErr
	}
	return err
}

// describe says what this machine is. What can't be found out stays empty.
func describe(ctx context.Context) machine {
	m := machine{When: time.Now().UTC().Format("2006-01-02 15:04 UTC"), Cores: runtime.NumCPU(), Go: runtime.Version()}
	m.CPU, _, _ = strings.Cut(after("/proc/cpuinfo", "model name"), "\n")
	fmt.Sscan(after("/proc/meminfo", "MemTotal"), &m.MiB)
	m.MiB >>= 10
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(text))
	}
	if text, err := exec.CommandContext(ctx, "git", "rev-parse", "--short=12", "HEAD").Output(); err == nil {
		m.Commit = strings.TrimSpace(string(text))
	}
	m.Load, _ = meter.Load()
	return m
}

func after(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	_, value, _ := strings.Cut(string(text), name)
	return strings.TrimLeft(value, "\t :")
}
