package faultdisk

import (
	"io/fs"
	"os"
	"path"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk"
)

// Memory is a file system in memory: one disk and one kernel, which every process that
// uses it shares. It has folders and files, no links and no permissions; all names are
// taken from its root. Rename stays within one folder, and the locks are flock's: they
// belong to the open file. Its clock ticks once for every change, so no two are alike.
type Memory struct {
	mu     sync.Mutex // guards everything below it, the nodes and their files too
	root   *node
	ticks  int64
	inodes uint64

	maxBytes, maxFiles int64 // see Limit
}

var _ disk.FS = (*Memory)(nil)

// NewMemory returns an empty disk.
func NewMemory() *Memory {
	m := &Memory{maxBytes: manyBytes, maxFiles: manyFiles}
	m.root = m.newNode(fs.ModeDir | 0o755)
	return m
}

// node is a file or a folder. What it is now is what processes see; what it was when it
// was last synced, and the changes since, are what a power cut works with.
type node struct {
	inode    uint64
	mode     fs.FileMode
	modified time.Time

	data    []byte           // of a file
	names   map[string]*node // of a folder
	locks   map[*memFile]disk.Lock
	durable durable
}

func (n *node) isDir() bool { return n.mode.IsDir() }

func (m *Memory) newNode(mode fs.FileMode) *node {
	m.inodes++
	n := &node{inode: m.inodes, mode: mode, locks: map[*memFile]disk.Lock{}}
	if n.isDir() {
		n.names = map[string]*node{}
		n.durable.names = map[string]*node{}
	}
	m.touch(n)
	return n
}

// touch gives n the next modification time.
func (m *Memory) touch(n *node) {
	m.ticks++
	n.modified = time.Unix(1_700_000_000, m.ticks)
}

// clean makes a name absolute and "/" the root.
func clean(name string) string { return path.Clean("/" + name) }

// find returns what has the name. The caller holds m.mu.
func (m *Memory) find(op, name string) (*node, error) {
	n := m.root
	for part := range strings.SplitSeq(strings.Trim(clean(name), "/"), "/") {
		if part == "" {
			break
		}
		if !n.isDir() {
			return nil, &fs.PathError{Op: op, Path: name, Err: syscall.ENOTDIR}
		}
		if n = n.names[part]; n == nil {
			return nil, &fs.PathError{Op: op, Path: name, Err: syscall.ENOENT}
		}
	}
	return n, nil
}

// folder returns the folder that name is in, and its last part. The caller holds m.mu.
func (m *Memory) folder(op, name string) (*node, string, error) {
	dir, base := path.Split(clean(name))
	n, err := m.find(op, dir)
	switch {
	case err != nil:
		return nil, "", &fs.PathError{Op: op, Path: name, Err: syscall.ENOENT}
	case !n.isDir():
		return nil, "", &fs.PathError{Op: op, Path: name, Err: syscall.ENOTDIR}
	case base == "":
		return nil, "", &fs.PathError{Op: op, Path: name, Err: syscall.EBUSY}
	}
	return n, base, nil
}

// OpenFile knows O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_CREATE, O_EXCL and O_TRUNC,
// and passes over the others. It opens no folders.
func (m *Memory) OpenFile(name string, flag int, perm fs.FileMode) (disk.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.folder("open", name)
	if err != nil {
		return nil, err
	}
	n := dir.names[base]
	switch {
	case n == nil && flag&os.O_CREATE == 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
	case n == nil:
		if err := m.fitsFile("open", name); err != nil {
			return nil, err
		}
		n = m.newNode(perm.Perm())
		m.setNames(dir, nameChange{add: base, node: n})
	case flag&os.O_CREATE != 0 && flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EEXIST}
	case n.isDir():
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EISDIR}
	case flag&os.O_TRUNC != 0:
		m.change(n, dataChange{truncate: true})
	}
	return &memFile{m: m, node: n, name: name, flag: flag}, nil
}

// Rename replaces a file that has the new name; between folders it fails with EXDEV.
func (m *Memory) Rename(oldName, newName string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	from, oldBase, err := m.folder("rename", oldName)
	if err != nil {
		return err
	}
	to, newBase, err := m.folder("rename", newName)
	if err != nil {
		return err
	}
	n, replaced := from.names[oldBase], to.names[newBase]
	switch {
	case n == nil:
		err = syscall.ENOENT
	case from != to:
		err = syscall.EXDEV
	case replaced != nil && replaced.isDir() != n.isDir():
		err = syscall.EEXIST
	case replaced != nil && len(replaced.names) > 0:
		err = syscall.ENOTEMPTY
	case replaced == n:
		return nil
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: oldName, New: newName, Err: err}
	}
	m.setNames(from, nameChange{remove: oldBase, add: newBase, node: n})
	return nil
}

// Remove removes a file or an empty folder. Who has the file open keeps it.
func (m *Memory) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.folder("remove", name)
	if err != nil {
		return err
	}
	n := dir.names[base]
	switch {
	case n == nil:
		return &fs.PathError{Op: "remove", Path: name, Err: syscall.ENOENT}
	case len(n.names) > 0:
		return &fs.PathError{Op: "remove", Path: name, Err: syscall.ENOTEMPTY}
	}
	m.setNames(dir, nameChange{remove: base})
	return nil
}

// MkdirAll makes a folder and those above it.
func (m *Memory) MkdirAll(name string, perm fs.FileMode) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.root
	for part := range strings.SplitSeq(strings.Trim(clean(name), "/"), "/") {
		if part == "" {
			break
		}
		n := at.names[part]
		if n == nil {
			if err := m.fitsFile("mkdir", name); err != nil {
				return err
			}
			n = m.newNode(fs.ModeDir | perm.Perm())
			m.setNames(at, nameChange{add: part, node: n})
		}
		if !n.isDir() {
			return &fs.PathError{Op: "mkdir", Path: name, Err: syscall.ENOTDIR}
		}
		at = n
	}
	return nil
}

// ReadDir returns a folder's entries by name.
func (m *Memory) ReadDir(name string) ([]fs.DirEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find("open", name)
	if err != nil {
		return nil, err
	}
	if !n.isDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: syscall.ENOTDIR}
	}
	entries := make([]fs.DirEntry, 0, len(n.names))
	for base, child := range n.names {
		entries = append(entries, entry{m: m, path: path.Join(clean(name), base), mode: child.mode})
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name() < entries[j].Name() })
	return entries, nil
}

// Stat tells about a file or folder.
func (m *Memory) Stat(name string) (fs.FileInfo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find("stat", name)
	if err != nil {
		return nil, err
	}
	return n.info(path.Base(clean(name))), nil
}

// entry is one entry of a folder. Its Info asks again, as that of package os does.
type entry struct {
	m    *Memory
	path string
	mode fs.FileMode
}

func (e entry) Name() string               { return path.Base(e.path) }
func (e entry) IsDir() bool                { return e.mode.IsDir() }
func (e entry) Type() fs.FileMode          { return e.mode.Type() }
func (e entry) Info() (fs.FileInfo, error) { return e.m.Stat(e.path) }

// info is a fs.FileInfo whose Sys is what disk.SameFile looks at.
type info struct {
	name     string
	size     int64
	mode     fs.FileMode
	modified time.Time
	inode    uint64
}

func (n *node) info(name string) fs.FileInfo {
	return info{name, int64(len(n.data)), n.mode, n.modified, n.inode}
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return i.modified }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return &syscall.Stat_t{Ino: i.inode} }
