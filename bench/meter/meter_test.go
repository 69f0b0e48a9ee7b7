package meter_test

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/bench/meter"
)

// burn has a child use CPU until its loop is done, and calls look while it waits for its end.
func burn(t *testing.T, look func(pid int)) {
	t.Helper()
	c := exec.Command("bash", "-c", "for ((i=0;i<150000;i++)); do :; done; echo; read")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	look(c.Process.Pid)
	in.Close()
	c.Wait()
}

func TestCPUIsThatOfAnotherProcess(t *testing.T) {
	burn(t, func(pid int) {
		cpu, err := meter.CPU(pid)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := meter.Tree(pid)
		if err != nil {
			t.Fatal(err)
		}
		if d := cpu - tree; cpu < 50*time.Millisecond || d < -100*time.Millisecond || d > 100*time.Millisecond {
			t.Errorf("CPU = %v, and /proc/PID/stat has %v: want nearly the same, and a tenth of a second or so", cpu, tree)
		}
	})
}

func TestTreeHasChildrenThatEnded(t *testing.T) {
	before, err := meter.Tree(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	burn(t, func(int) {})
	after, err := meter.Tree(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if after-before < 50*time.Millisecond {
		t.Errorf("a child that used a tenth of a second or so added %v", after-before)
	}
}

// TestOthersCount has a child of this test be somebody else: that what is ours does not
// count can't be seen where others are at work too, but Tree is what is left out.
func TestOthersCount(t *testing.T) {
	burn(t, func(pid int) {
		begun := time.Now()
		others, err := meter.Watch(pid)
		if err != nil {
			t.Fatal(err)
		}
		burn(t, func(int) {})
		share, err := others.Share()
		if err != nil {
			t.Fatal(err)
		}
		machine := float64(time.Since(begun)) * float64(runtime.NumCPU())
		if d := time.Duration(share * machine); d < 50*time.Millisecond {
			t.Errorf("a process that used a tenth of a second or so counts as %v", d)
		}
	})
}

func TestMemoryGrowsWithWhatIsHeld(t *testing.T) {
	before, err := meter.MemoryOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	held := make([]byte, 64<<20)
	for i := range held {
		held[i] = byte(i)
	}
	after, err := meter.MemoryOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if after.RSS-before.RSS < 60<<20 || after.PSS != 0 && after.PSS-before.PSS < 60<<20 {
		t.Errorf("with 64 MiB more: %+v, %+v before (%d)", after, before, held[1])
	}
}

func TestGoneProcess(t *testing.T) {
	c := exec.Command("true")
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	if cpu, err := meter.CPU(c.Process.Pid); err == nil {
		t.Errorf("CPU of a process that has ended = %v", cpu)
	}
	if m, err := meter.MemoryOf(c.Process.Pid); err == nil {
		t.Errorf("memory of a process that has ended = %+v", m)
	}
}
