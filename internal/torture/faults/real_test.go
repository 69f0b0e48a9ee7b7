package faults

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/internal/torture"
)

// realFault is a fault of the real program, and what it may do.
type realFault struct {
	injection
	victim bool          // only the victim's files are hit, so nobody else may notice
	kill   bool          // it ends the process
	limit  time.Duration // how long the victim may wait, on a busy machine that is traced
}

func (f realFault) String() string {
	whose := "anybody's"
	if f.victim {
		whose = "the victim's"
	}
	return fmt.Sprintf("%s at call %s of %s %s", f.effect, f.when, whose, f.calls)
}

// errnos are what system calls of a disk fail with.
var errnos = []string{"ENOSPC", "EIO", "EROFS", "EDQUOT", "EMFILE"}

// files are the system calls on a log's files, and the folders.
var files = []string{"write", "fdatasync", "fsync", "openat", "renameat", "unlinkat", "ftruncate", "flock", "pread64", "newfstatat"}

// traced is how long a wait may be on a busy machine, whose system calls are traced,
// where it must not be a hang.
const traced = 20 * time.Second

// realFaults are all faults of the real program.
func realFaults() (all []realFault) {
	for _, call := range files {
		for _, errno := range errnos {
			for _, when := range []string{"1", "2", "5", "1+", "4+"} {
				all = append(all, realFault{injection: injection{calls: call, effect: "error=" + errno, when: when}, victim: true, limit: traced})
			}
		}
	}
	for _, call := range []string{"fdatasync", "fsync", "openat", "renameat", "unlinkat", "flock"} { // sockets have none of these
		for _, errno := range errnos {
			for _, when := range []string{"1", "3", "1+", "5+"} {
				all = append(all, realFault{injection: injection{calls: call, effect: "error=" + errno, when: when}, limit: traced})
			}
		}
	}
	for _, call := range []string{"write", "fdatasync", "openat", "renameat", "unlinkat", "fsync", "pread64"} {
		for _, when := range []string{"1", "2", "3", "5", "8", "13", "21", "34"} {
			all = append(all, realFault{injection: injection{calls: call, effect: "signal=KILL", when: when}, kill: true, limit: traced})
		}
	}
	for _, call := range []string{"write", "fdatasync"} { // a disk that does not answer
		all = append(all, realFault{injection: injection{calls: call, effect: "delay_exit=12000000", when: "3+"}, victim: true, limit: 9 * time.Second})
	}
	return all
}

// The real program with real clients, and strace failing its system calls: the same
// promises, and after a restart every log is whole.
func TestSystemCallsThatFail(t *testing.T) {
	rig := torture.New(t)
	all := realFaults()
	for range rig.Rounds(1) {
		rig.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		t.Run("round", func(t *testing.T) {
			for i, f := range all[:rig.Size(8, 24)] {
				options := []string{"block: 4KiB", []string{"sync: 0", "sync: 100ms"}[i%2]}
				t.Run(fmt.Sprint(f, ", ", options[1]), func(t *testing.T) {
					t.Parallel()
					f.try(t, options)
				})
			}
		})
	}
}

// talks is how many lines a talker sends: with each a sixth of a block.
const talks = 16

// try runs a gateway into the fault, and then without one.
func (f realFault) try(t *testing.T, audit []string) {
	g := gatewaytest.Start(t, gatewaytest.Proxied(), gatewaytest.Options{Audit: audit})
	bystander := talk(t, g, "bystander")
	victim := talk(t, g, "victim")
	bystander.round()
	victim.round()
	if f.victim {
		f.paths = victimsPaths(t, g, victim)
	}
	strace := attach(t, g.Cmd.Process.Pid, f.injection)
	var both sync.WaitGroup
	for _, k := range []*talker{bystander, victim} {
		both.Go(func() {
			for range talks {
				k.round()
			}
		})
	}
	both.Wait()
	statuses := []int{bystander.finish(t), victim.finish(t)}
	if !f.kill {
		strace.Signal(t, syscall.SIGTERM) // it lets go of the gateway
		strace.Wait(t)
		g.Signal(t, syscall.SIGTERM)
	} else {
		_ = g.Cmd.Process.Kill() // in case its k-th call did not come
	}
	g.Wait(t)
	f.judge(t, g, bystander, victim, statuses)
	g.Serve(t)
	g.Signal(t, syscall.SIGTERM)
	if status := g.Wait(t); status != 0 {
		t.Errorf("after the fault the gateway ends with status %d", status)
	}
	g.CheckFiles(t)
	for _, name := range g.Files(t, "logs") {
		gatewaytest.Must(t, g.Command(t, "verify", name))
	}
	f.judgeLogs(t, g, bystander, victim)
}

// victimsPaths are the names of one session's files, those of later blocks too.
func victimsPaths(t testing.TB, g *gatewaytest.Gateway, victim *talker) []string {
	t.Helper()
	id := ""
	for _, name := range g.Files(t, "logs") { // by age: the youngest is the victim's
		id = strings.TrimSuffix(filepath.Base(name), ".partial")
	}
	paths := []string{g.Path("logs/" + id), g.Path("logs/" + id + ".partial")}
	for block := range talks {
		paths = append(paths, g.Path(fmt.Sprintf("state/journal/%s.%d", id, block)))
	}
	return paths
}

// judge holds what people met to the promises.
func (f realFault) judge(t *testing.T, g *gatewaytest.Gateway, bystander, victim *talker, statuses []int) {
	t.Helper()
	for i, k := range []*talker{bystander, victim} {
		if k.slowest > f.limit {
			t.Errorf("%s waited for %v, want at most %v", k.name, k.slowest, f.limit)
		}
		switch {
		case statuses[i] == status || f.kill:
		case f.victim && k == bystander:
			t.Errorf("the bystander's client ended with status %d and was told %q, and it has nothing to do with the fault", statuses[i], k.told())
		case !strings.Contains(k.told(), "can't be recorded"):
			t.Errorf("%s's client ended with status %d and was told %q, want to be told that it can't be recorded", k.name, statuses[i], k.told())
		case !strings.Contains(g.Errs.String(), "recording is not possible"):
			t.Errorf("%s's session was ended, and the operator was not told", k.name)
		}
	}
}

// judgeLogs holds the logs to what people have seen.
func (f realFault) judgeLogs(t *testing.T, g *gatewaytest.Gateway, people ...*talker) {
	t.Helper()
	logs := g.Logs(t)
	for _, one := range logs.All() {
		if one.Verdict != binary.Complete && one.Verdict != binary.Recovered || len(one.Flaws) > 0 {
			t.Errorf("a log is %s (%s), with flaws %q", one.Verdict, one.Fault, one.Flaws)
		}
	}
	for _, k := range people {
		i := slices.IndexFunc(logs.Sessions, func(l *oracle.Log) bool { return len(l.Find(k.program())) > 0 })
		if i < 0 {
			t.Errorf("%s has no log", k.name)
			continue
		}
		channel := logs.Sessions[i].Find(k.program())[0]
		sent, received := k.streams(t)
		for s, logged := range []oracle.Content{channel.Stdin, channel.Stdout, channel.Stderr} {
			stream := k.name + "'s " + []string{"stdin", "stdout", "stderr"}[s]
			if d := oracle.Of([]byte(received[s])).NoPrefix(logged); d != "" {
				t.Errorf("%s: what was received, held against the log, %s", stream, d)
			}
			if d := logged.NoPrefix(oracle.Of([]byte(sent[s]))); d != "" {
				t.Errorf("%s: the log, held against what was sent, %s", stream, d)
			}
		}
		if k.ended && !f.kill && len(oracle.Bodies[*event.Disconnect](logs.Sessions[i])) != 1 {
			t.Errorf("%s's log has no end", k.name)
		}
	}
}
