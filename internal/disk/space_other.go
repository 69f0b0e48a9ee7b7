//go:build !linux

package disk

import "golang.org/x/sys/unix"

// Space asks statfs(2). It does not know of quotas.
func (OS) Space(name string) (Space, error) {
	var s unix.Statfs_t
	if err := statfs(name, &s); err != nil {
		return Space{}, err
	}
	unit := uint64(s.Bsize)
	return Space{Free: uint64(s.Bavail) * unit, Size: uint64(s.Blocks) * unit, FreeFiles: uint64(s.Ffree), Files: uint64(s.Files)}, nil
}
