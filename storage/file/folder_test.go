package file_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/file"
)

func TestConfig(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		directory string
		valid     string // a part of Validate's message; "" for none
		isThere   bool   // what New wants
	}{
		{dir, "", true},
		{filepath.Join(dir, "new"), "", false},
		{"", "set directory", false},
		{filepath.Join(dir, "file"), "is no folder", false},
		{filepath.Join(dir, "a", "b"), "make it (mkdir -p -m 0700)", false},
		{filepath.Join(dir, "file", "b"), "not a directory", false},
		{"/proc/none", "can't be made", false},
	} {
		err := file.Config{Directory: tt.directory}.Validate()
		if (err == nil) != (tt.valid == "") || err != nil && !strings.Contains(err.Error(), tt.valid) {
			if tt.directory == "/proc/none" && err == nil {
				continue // root may write there, as far as access(2) knows
			}
			t.Errorf("Validate(%q) = %v, want %q", tt.directory, err, tt.valid)
		}
		if _, err := file.New(file.Config{Directory: tt.directory}, disk.OS{}); (err == nil) != tt.isThere {
			t.Errorf("New(%q) = %v, want it to work: %v", tt.directory, err, tt.isThere)
		}
	}
}

func TestConfigOfAFolderThatIsAnothers(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may do all")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if err := (file.Config{Directory: dir}).Validate(); !errors.Is(err, unix.EACCES) || !strings.Contains(err.Error(), "give it to the user") {
		t.Errorf("Validate = %v, want what to do", err)
	}
	if err := (file.Config{Directory: filepath.Join(dir, "new")}).Validate(); !errors.Is(err, unix.EACCES) {
		t.Errorf("Validate of a missing folder = %v", err)
	}
}

func TestMakeDirectory(t *testing.T) {
	parent := t.TempDir()
	c := file.Config{Directory: filepath.Join(parent, "logs")}
	for range 2 { // the second time it is there
		if err := c.MakeDirectory(disk.OS{}); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(c.Directory); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder = %v, %v, want mode 0700", info, err)
	}
	if err := os.Chmod(c.Directory, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := c.MakeDirectory(disk.OS{}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(c.Directory); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("a folder that was there = %v, %v, want its mode kept", info, err)
	}
	deep := file.Config{Directory: filepath.Join(parent, "a", "b")}
	if err := deep.MakeDirectory(disk.OS{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("MakeDirectory without the one above = %v, want ErrNotExist", err)
	}
	if _, err := os.Stat(filepath.Join(parent, "a")); err == nil {
		t.Error("the folder above was made")
	}
}

func TestMadeDirectorySurvivesAPowerCut(t *testing.T) {
	m := newDisk(t)
	if err := (file.Config{Directory: "/logs/new"}).MakeDirectory(m); err != nil {
		t.Fatal(err)
	}
	if _, err := m.PowerCut(0).Stat("/logs/new"); err != nil {
		t.Errorf("after a power cut: %v", err)
	}
}

func TestFilesAreTheGatewaysAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	w, err := newStore(t, disk.OS{}, dir).Create(t.Context(), "log", storage.About{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"log.partial", "log"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s = %v, %v, want mode 0600", name, info, err)
		}
		if name == "log.partial" {
			if err := w.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestWhatIsNoLog puts into the folder what others could, and wants it left alone.
func TestWhatIsNoLog(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside")
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		os.WriteFile(outside, []byte("secret"), 0o600),
		os.WriteFile(path(".hidden"), nil, 0o600),
		os.WriteFile(path("log.partial.partial"), nil, 0o600),
		os.WriteFile(path("lost+found"), nil, 0o600),
		os.WriteFile(path(".partial"), nil, 0o600),
		os.Mkdir(path("folder"), 0o700),
		os.Mkdir(path("folder2.partial"), 0o700),
		os.Symlink(outside, path("link")),
		os.Symlink(outside, path("link2.partial")),
		unix.Mkfifo(path("pipe"), 0o600),
		unix.Mkfifo(path("pipe2.partial"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s := newStore(t, disk.OS{}, dir)
	for info, err := range s.List(t.Context(), "") {
		t.Errorf("List yields %+v, %v", info, err)
	}
	for _, name := range []storage.Name{"folder", "folder2", "link", "link2", "pipe", "pipe2"} {
		if _, err := s.Open(t.Context(), name); !errors.Is(err, file.ErrNotRegular) {
			t.Errorf("Open(%s) = %v, want ErrNotRegular", name, err)
		}
		if _, err := s.Create(t.Context(), name, storage.About{}); !errors.Is(err, storage.ErrExist) {
			t.Errorf("Create(%s) = %v, want ErrExist", name, err)
		}
		if _, err := s.Resume(t.Context(), name, keepAll); err == nil {
			t.Errorf("Resume(%s) works", name)
		}
	}
	if got, err := os.ReadFile(outside); err != nil || string(got) != "secret" {
		t.Errorf("what a link points to = %q, %v, want it unchanged", got, err)
	}
}

func TestReservedNames(t *testing.T) {
	s := newStore(t, disk.OS{}, t.TempDir())
	if _, err := s.Create(t.Context(), "log.partial", storage.About{}); err == nil {
		t.Error("Create takes a name that ends in .partial")
	}
	if _, err := s.Open(t.Context(), "log.partial"); err == nil || errors.Is(err, storage.ErrNotExist) {
		t.Errorf("Open = %v, want what is wrong with the name", err)
	}
}

func TestOpenPath(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	w, err := newStore(t, disk.OS{}, dir).Create(t.Context(), "log", storage.About{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("some")); err != nil {
		t.Fatal(err)
	}
	want := func(name string, open bool) {
		r, err := file.OpenPath(path(name))
		if err != nil {
			t.Errorf("OpenPath(%s) = %v", name, err)
			return
		}
		defer r.Close()
		p := make([]byte, 4)
		if _, err := r.ReadAt(p, 0); err != nil || string(p) != "some" || r.Size() != 4 || r.Open() != open {
			t.Errorf("OpenPath(%s) has %q (%v), Size %d, Open %v, want some, 4, %v", name, p, err, r.Size(), r.Open(), open)
		}
	}
	want("log.partial", true)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want("log.partial", false)
	if err := errors.Join(os.Symlink("log.partial", path("link")), unix.Mkfifo(path("pipe"), 0o600)); err != nil {
		t.Fatal(err)
	}
	want("link", false)
	for name, wrong := range map[string]error{"": file.ErrNotRegular, "pipe": file.ErrNotRegular, "none": fs.ErrNotExist} {
		if _, err := file.OpenPath(path(name)); !errors.Is(err, wrong) {
			t.Errorf("OpenPath(%q) = %v, want %v", name, err, wrong)
		}
	}
	if _, err := newStore(t, disk.OS{}, dir).Resume(t.Context(), "log", keepAll); err != nil {
		t.Errorf("Resume after readers = %v", err) // they left no lock
	}
}
