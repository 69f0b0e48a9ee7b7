package device

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
)

const pageSize = 4096

// page is never changed once it is in a map.
type page = [pageSize]byte

// image is what a disk holds: as its user reads it, and as a power cut would leave it. A disk
// has a cache that forgets: what was written since the last flush may be there
// after a power cut or not, each write by itself.
type image struct {
	now    map[int64]*page
	stable map[int64]*page
	cached []write // since the last flush, in order
}

type write struct {
	offset int64
	data   []byte
}

func newImage() *image { return &image{now: map[int64]*page{}, stable: map[int64]*page{}} }

func (m *image) read(offset int64, b []byte) {
	for len(b) > 0 {
		n, from := offset/pageSize, offset%pageSize
		part := b[:min(int64(len(b)), pageSize-from)]
		if p := m.now[n]; p != nil {
			copy(part, p[from:])
		} else {
			clear(part)
		}
		offset, b = offset+int64(len(part)), b[len(part):]
	}
}

// write keeps data.
func (m *image) write(offset int64, data []byte) {
	keep(m.now, offset, data)
	m.cached = append(m.cached, write{offset, data})
}

func (m *image) flush() {
	for _, w := range m.cached {
		keep(m.stable, w.offset, w.data)
	}
	m.cached = nil
}

// keep writes into a copy of each page, since other maps may have the page too.
func keep(pages map[int64]*page, offset int64, data []byte) {
	for len(data) > 0 {
		n, from := offset/pageSize, offset%pageSize
		p := new(page)
		if old := pages[n]; old != nil {
			*p = *old
		}
		used := copy(p[from:], data)
		pages[n] = p
		offset, data = offset+int64(used), data[used:]
	}
}

// cut returns what a power cut leaves.
func (m *image) cut(seed uint64) map[int64]*page {
	left := maps.Clone(m.stable)
	chance := rand.New(rand.NewPCG(seed, 0))
	often := chance.Float64()
	for _, w := range m.cached {
		if chance.Float64() < often {
			keep(left, w.offset, w.data)
		}
	}
	return left
}

// save writes pages to a new file of that size.
func save(path string, size int64, pages map[int64]*page) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("save image: %w", err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		return fmt.Errorf("save image: %w", err)
	}
	for _, n := range slices.Sorted(maps.Keys(pages)) {
		if _, err := f.WriteAt(pages[n][:], n*pageSize); err != nil {
			return fmt.Errorf("save image: %w", err)
		}
	}
	return f.Close()
}
