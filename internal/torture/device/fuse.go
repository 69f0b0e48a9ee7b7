package device

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// The part of FUSE's protocol (linux/fuse.h, version 7.31) that a folder with one file takes.
const (
	opLookup      = 1
	opForget      = 2
	opGetattr     = 3
	opSetattr     = 4
	opOpen        = 14
	opRead        = 15
	opWrite       = 16
	opStatfs      = 17
	opRelease     = 18
	opFsync       = 20
	opFlush       = 25
	opInit        = 26
	opInterrupt   = 36
	opDestroy     = 38
	opBatchForget = 42

	inHead, outHead = 40, 16
	rootNode        = 1
	fileNode        = 2
	fileName        = "disk"
	maxWrite        = 128 << 10
	flagBigWrites   = 1 << 5
	flagMaxPages    = 1 << 22
	forLong         = 3600 // seconds that the kernel may keep names and attributes
)

// fuse serves one file in a folder.
type fuse struct {
	fd   int
	size int64
	io   backend

	mu sync.Mutex // one reply at a time
}

// backend does what is done to the file. Its methods are called concurrently.
type backend interface {
	read(offset int64, b []byte) syscall.Errno
	write(offset int64, data []byte) syscall.Errno // keeps data
	flush() syscall.Errno
}

// mountFUSE mounts the folder. It is served from then on by run.
func mountFUSE(dir string, size int64, io backend) (*fuse, error) {
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/fuse: %w", err)
	}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fd)
	if err := unix.Mount("sshtrail-device", dir, "fuse", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("mount %q by FUSE: %w", dir, err)
	}
	return &fuse{fd: fd, size: size, io: io}, nil
}

// run serves until the folder is unmounted.
func (f *fuse) run() error {
	buf := make([]byte, maxWrite+pageSize)
	for {
		n, err := unix.Read(f.fd, buf)
		switch {
		case errors.Is(err, unix.ENODEV):
			return nil
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOENT):
			continue
		case err != nil:
			return fmt.Errorf("read request: %w", err)
		}
		request := append([]byte(nil), buf[:n]...)
		go f.serve(request) // ends when the request is answered; a device that hangs never answers
	}
}

func (f *fuse) serve(request []byte) {
	le := binary.LittleEndian
	op, id, body := le.Uint32(request[4:]), le.Uint64(request[8:]), request[inHead:]
	switch op {
	case opForget, opBatchForget, opInterrupt:
		return // are not answered
	}
	reply, errno := f.answer(op, le.Uint64(request[16:]), body)
	if errno != 0 {
		reply = nil
	}
	out := make([]byte, outHead, outHead+len(reply))
	le.PutUint32(out, uint32(outHead+len(reply)))
	le.PutUint32(out[4:], uint32(-int32(errno)))
	le.PutUint64(out[8:], id)
	f.mu.Lock()
	defer f.mu.Unlock()
	unix.Write(f.fd, append(out, reply...)) // fails if nobody waits for it any more
}

func (f *fuse) answer(op uint32, node uint64, body []byte) ([]byte, syscall.Errno) {
	le := binary.LittleEndian
	switch op {
	case opInit:
		return f.init(), 0
	case opLookup:
		if node != rootNode || string(body) != fileName+"\x00" {
			return nil, syscall.ENOENT
		}
		entry := make([]byte, 40, 128)
		le.PutUint64(entry, fileNode)
		le.PutUint64(entry[16:], forLong)
		le.PutUint64(entry[24:], forLong)
		return append(entry, f.attributes(fileNode)...), 0
	case opGetattr, opSetattr:
		valid := make([]byte, 16, 104)
		le.PutUint64(valid, forLong)
		return append(valid, f.attributes(node)...), 0
	case opOpen:
		return make([]byte, 16), 0
	case opRead:
		b := make([]byte, le.Uint32(body[16:]))
		return b, f.io.read(int64(le.Uint64(body[8:])), b)
	case opWrite:
		reply := make([]byte, 8)
		size := le.Uint32(body[16:])
		le.PutUint32(reply, size)
		return reply, f.io.write(int64(le.Uint64(body[8:])), body[40:40+size])
	case opFsync:
		return nil, f.io.flush()
	case opStatfs:
		return make([]byte, 80), 0
	case opRelease, opFlush, opDestroy:
		return nil, 0
	}
	return nil, syscall.ENOSYS
}

func (f *fuse) init() []byte {
	le := binary.LittleEndian
	b := make([]byte, 64)
	le.PutUint32(b, 7)
	le.PutUint32(b[4:], 31)
	le.PutUint32(b[12:], flagBigWrites|flagMaxPages)
	le.PutUint16(b[16:], 16)
	le.PutUint16(b[18:], 12)
	le.PutUint32(b[20:], maxWrite)
	le.PutUint32(b[24:], 1)
	le.PutUint16(b[28:], maxWrite/pageSize)
	return b
}

func (f *fuse) attributes(node uint64) []byte {
	le := binary.LittleEndian
	b := make([]byte, 88)
	le.PutUint64(b, node)
	mode := uint32(syscall.S_IFDIR | 0o700)
	if node == fileNode {
		mode = syscall.S_IFREG | 0o600
		le.PutUint64(b[8:], uint64(f.size))
		le.PutUint64(b[16:], uint64(f.size/512))
	}
	le.PutUint32(b[60:], mode)
	le.PutUint32(b[64:], 1)
	le.PutUint32(b[80:], pageSize)
	return b
}
