package faultdisk

import (
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"syscall"
)

// durable is what a node has on the medium itself, and the changes made since, which
// are in the kernel's memory only.
type durable struct {
	data        []byte
	dataChanges []dataChange
	names       map[string]*node
	nameChanges []nameChange
}

// dataChange is a write of data at an offset, or a truncation to it.
type dataChange struct {
	truncate bool
	at       int64
	data     []byte
}

// apply returns data after the change.
func (c dataChange) apply(data []byte) []byte {
	end := c.at + int64(len(c.data))
	if grow := end - int64(len(data)); grow > 0 {
		data = append(data, make([]byte, grow)...)
	}
	copy(data[c.at:], c.data)
	if c.truncate {
		data = data[:c.at]
	}
	return data
}

// nameChange takes a name out of a folder, puts one in, or both at once (a rename).
type nameChange struct {
	remove string
	add    string
	node   *node
}

func (c nameChange) apply(names map[string]*node) {
	if c.remove != "" {
		delete(names, c.remove)
	}
	if c.add != "" {
		names[c.add] = c.node
	}
}

// change changes a file. The caller holds m.mu.
func (m *Memory) change(n *node, c dataChange) {
	n.data = c.apply(n.data)
	n.durable.dataChanges = append(n.durable.dataChanges, c)
	m.touch(n)
}

// setNames changes a folder. The caller holds m.mu.
func (m *Memory) setNames(dir *node, c nameChange) {
	c.apply(dir.names)
	dir.durable.nameChanges = append(dir.durable.nameChanges, c)
	m.touch(dir)
}

func (d *durable) syncData() {
	for _, c := range d.dataChanges {
		d.data = c.apply(d.data)
	}
	d.dataChanges = nil
}

func (d *durable) syncNames() {
	for _, c := range d.nameChanges {
		c.apply(d.names)
	}
	d.nameChanges = nil
}

// SyncDir makes the names in a folder durable: only that, neither the bytes of its
// files nor its own name. Real file systems often do more.
func (m *Memory) SyncDir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find("open", name)
	if err != nil {
		return err
	}
	if !n.isDir() {
		return &fs.PathError{Op: "open", Path: name, Err: syscall.ENOTDIR}
	}
	n.durable.syncNames()
	return nil
}

// SyncAll makes all that is on the disk durable.
func (m *Memory) SyncAll(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.find("open", name); err != nil {
		return err
	}
	m.root.syncAll()
	return nil
}

func (n *node) syncAll() {
	n.durable.syncData()
	n.durable.syncNames()
	for _, child := range n.names {
		child.syncAll()
	}
}

// PowerCut returns the disk as it may be found after a power cut now; m goes on as if
// there had been none. All of what was synced is there. Of what was not:
//
//   - With seed 0, nothing is.
//   - With another seed, chance decides for each file and folder apart. A folder keeps
//     its first few changes of names, as with a journal; a rename is one change. A file
//     keeps its first few writes, the last of them perhaps in part, of later ones any that
//     make it no longer, since pages are written in no order, and may then have
//     NUL bytes up to the size that it had, as file systems leave them that write
//     a size before the bytes.
//
// Nobody holds a lock on the new disk. Files that are open on m stay m's.
func (m *Memory) PowerCut(seed uint64) *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	cut := &Memory{ticks: m.ticks, inodes: m.inodes, maxBytes: m.maxBytes, maxFiles: m.maxFiles}
	chance := func(n int) int { return 0 }
	if seed != 0 {
		chance = rand.New(rand.NewPCG(seed, 0)).IntN
	}
	cut.root = m.root.after(cut, chance)
	return cut
}

// after copies the node, and what it holds, as a power cut leaves it. chance(n) is a number below n.
func (n *node) after(m *Memory, chance func(n int) int) *node {
	c := m.newNode(n.mode)
	c.inode, c.modified = n.inode, n.modified
	if n.isDir() {
		names := maps.Clone(n.durable.names)
		for _, change := range n.durable.nameChanges[:chance(len(n.durable.nameChanges)+1)] {
			change.apply(names)
		}
		for _, name := range slices.Sorted(maps.Keys(names)) { // in order, so that a seed says all
			child := names[name].after(m, chance)
			c.names[name], c.durable.names[name] = child, child
		}
		return c
	}
	c.data = n.dataAfter(chance)
	c.durable.data = slices.Clone(c.data)
	return c
}

// dataAfter is what a power cut leaves of a file's bytes.
func (n *node) dataAfter(chance func(n int) int) []byte {
	data := slices.Clone(n.durable.data)
	changes := n.durable.dataChanges
	whole := chance(len(changes) + 1)
	for _, c := range changes[:whole] {
		data = c.apply(data)
	}
	if whole == len(changes) {
		return data
	}
	if c := changes[whole]; !c.truncate {
		c.data = c.data[:chance(len(c.data)+1)]
		data = c.apply(data)
	}
	for _, c := range changes[whole+1:] {
		if !c.truncate && c.at+int64(len(c.data)) <= int64(len(data)) && chance(2) == 1 {
			data = c.apply(data)
		}
	}
	if lost := len(n.data) - len(data); lost > 0 && chance(4) == 1 {
		data = append(data, make([]byte, lost)...)
	}
	return data
}
