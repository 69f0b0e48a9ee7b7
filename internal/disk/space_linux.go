package disk

import "golang.org/x/sys/unix"

// Space asks statfs(2). It does not know of quotas.
func (OS) Space(name string) (Space, error) {
	var s unix.Statfs_t
	if err := statfs(name, &s); err != nil {
		return Space{}, err
	}
	unit := uint64(s.Frsize)
	if unit == 0 {
		unit = uint64(s.Bsize)
	}
	return Space{Free: s.Bavail * unit, Size: s.Blocks * unit, FreeFiles: s.Ffree, Files: s.Files}, nil
}
