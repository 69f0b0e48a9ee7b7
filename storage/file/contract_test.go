package file_test

import (
	"testing"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/file"
	"github.com/sshtrail/sshtrail/storage/storagetest"
)

func TestContract(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store { return newStore(t, disk.OS{}, t.TempDir()) })
}

func TestContractInMemory(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store { return newStore(t, faultdisk.NewMemory(), "/") })
}

func newStore(t *testing.T, fsys disk.FS, dir string) *file.Store {
	t.Helper()
	s, err := file.New(file.Config{Directory: dir}, fsys)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
