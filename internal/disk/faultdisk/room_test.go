package faultdisk_test

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
)

func TestADiskWithALimit(t *testing.T) {
	m := faultdisk.NewMemory()
	m.Limit(10, 3) // the root is one of the files
	f, err := m.OpenFile("/a", create|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n, err := f.Write([]byte("123456")); n != 6 || err != nil {
		t.Fatalf("what fits: %d, %v", n, err)
	}
	if n, err := f.Write([]byte("7890ab")); n != 4 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("what does not fit: %d, %v; want 4 and ENOSPC", n, err)
	}
	want := disk.Space{Size: 10, FreeFiles: 1, Files: 3}
	if got, err := m.Space("/"); got != want || err != nil {
		t.Errorf("the room is %+v, %v; want %+v", got, err, want)
	}
	if err := m.MkdirAll("/d", 0o700); err != nil {
		t.Error(err)
	}
	if _, err := m.OpenFile("/b", create, 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("one file too many: %v, want ENOSPC", err)
	}
	if err := m.MkdirAll("/e", 0o700); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("one folder too many: %v, want ENOSPC", err)
	}
	if err := errors.Join(f.Truncate(0), m.Remove("/d")); err != nil {
		t.Error(err)
	}
	if n, err := f.Write([]byte("1234567890")); n != 10 || err != nil {
		t.Errorf("after making room: %d, %v", n, err)
	}
}
