package device

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// serverName makes a test binary the process that keeps a disk. It touches nothing that stands
// on the disk, so that its end is always possible, and with it that of all who wait for the disk.
const serverName = "torture-device"

// serve serves the folder and size of its arguments by what it is told on its standard
// input, and ends with that.
func serve(args []string) int {
	size, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return complain(err)
	}
	d := &disk{image: newImage(), size: size}
	d.changed = sync.NewCond(&d.mu)
	f, err := mountFUSE(args[0], size, d)
	if err != nil {
		return complain(err)
	}
	go func() { // ends with the process
		if err := f.run(); err != nil {
			complain(err)
		}
	}()
	fmt.Println("ok")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if err := d.obey(lines.Text()); err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println("ok")
	}
	return 0
}

func complain(err error) int {
	fmt.Fprintf(os.Stderr, "%s: %v\n", serverName, err)
	return 1
}

// disk is an image that takes its time.
type disk struct {
	size int64

	mu      sync.Mutex
	changed *sync.Cond // hangs or fails has changed
	image   *image
	delay   time.Duration // of each write and flush
	hangs   bool
	fails   bool // to write, and to flush
}

// obey does what the test says in a line.
func (d *disk) obey(line string) error {
	var seed uint64
	var path, text string
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case line == "work":
		d.delay, d.hangs, d.fails = 0, false, false
	case line == "hang":
		d.hangs = true
	case line == "fail":
		d.fails = true
	case scan(line, "delay %s", &text):
		delay, err := time.ParseDuration(text)
		if err != nil {
			return err
		}
		d.delay = delay
	case scan(line, "cut %d %q", &seed, &path):
		return save(path, d.size, d.image.cut(seed))
	default:
		return fmt.Errorf("%q is nothing that a disk does", line)
	}
	d.changed.Broadcast()
	return nil
}

func scan(line, format string, into ...any) bool {
	n, err := fmt.Sscanf(line, format, into...)
	return err == nil && n == len(into)
}

// takes waits as long as a write or flush takes. The caller holds mu.
func (d *disk) takes() syscall.Errno {
	if d.delay > 0 {
		delay := d.delay
		d.mu.Unlock()
		time.Sleep(delay)
		d.mu.Lock()
	}
	for d.hangs {
		d.changed.Wait()
	}
	if d.fails {
		return syscall.EIO
	}
	return 0
}

func (d *disk) read(offset int64, b []byte) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.image.read(offset, b)
	return 0
}

func (d *disk) write(offset int64, data []byte) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	if errno := d.takes(); errno != 0 {
		return errno
	}
	d.image.write(offset, data)
	return 0
}

func (d *disk) flush() syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	if errno := d.takes(); errno != 0 {
		return errno
	}
	d.image.flush()
	return 0
}
