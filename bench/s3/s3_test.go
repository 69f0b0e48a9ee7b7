package s3

import (
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/sshtrail/sshtrail/internal/s3test"
	"github.com/sshtrail/sshtrail/storage"
	s3store "github.com/sshtrail/sshtrail/storage/s3"
)

const (
	partSize = 5 << 20
	block    = 128 << 10 // what the recorder writes at a time
	parallel = 4         // parts of one log that the store sends at once
	patience = 10 * time.Minute
)

// newStore returns a store with a spool of its own, and that folder.
func newStore(b *testing.B, s *s3test.Server, maxSpool int64) (*s3store.Store, string) {
	b.Helper()
	spool := b.TempDir()
	store, err := s3store.New(s3store.Config{
		Local: spool, PartSize: partSize, MaxSpool: maxSpool,
		Service: s3store.Service{
			Endpoint: s.URL, Region: s.Region, Bucket: s.Bucket, PathStyle: true, CACert: []byte(s.CA),
			Keys: func() (s3store.Keys, error) {
				return s3store.Keys{Access: s.Limited.AccessKey, Secret: s.Limited.SecretKey}, nil
			},
		},
	}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close(b.Context()) })
	return store, spool
}

// noise does not compress, as blocks of a log don't.
func noise() []byte {
	p := make([]byte, 64<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(p) // never fails
	return p
}

// record writes a log of size bytes as the recorder does, until it is in the bucket.
func record(b *testing.B, store *s3store.Store, spool string, name storage.Name, p []byte, size int64, watch func()) {
	b.Helper()
	w, err := store.Create(b.Context(), name, storage.About{ContentType: "application/octet-stream"})
	if err != nil {
		b.Fatal(err)
	}
	for at := int64(0); at < size; at += block {
		from := at % int64(len(p))
		n := min(block, size-at)
		if _, err := w.Write(p[from : from+n]); err != nil {
			b.Fatal(err)
		}
		w.(storage.Releaser).Release(at + n)
		watch()
	}
	if err := w.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
	for deadline := time.Now().Add(patience); left(b, spool, name); watch() {
		if time.Now().After(deadline) {
			b.Fatal("the log is not in the bucket")
		}
		<-time.After(time.Millisecond)
	}
}

func left(b *testing.B, spool string, name storage.Name) bool {
	b.Helper()
	_, err := os.Stat(filepath.Join(spool, string(name)))
	if err != nil && !os.IsNotExist(err) {
		b.Fatal(err)
	}
	return err == nil
}

// BenchmarkUpload compares the store, which writes a spool and reads it again, with the
// client library's upload of a file that is there.
func BenchmarkUpload(b *testing.B) {
	p := noise()
	for _, size := range []int64{1 << 20, 64 << 20, 512 << 20} {
		name := fmt.Sprintf("%dMiB", size>>20)
		b.Run(name+"/plain", func(b *testing.B) {
			s := s3test.Start(b)
			file := filepath.Join(b.TempDir(), "log")
			write(b, file, p, size)
			c := s.Client(b, s.Limited).Client
			b.SetBytes(size)
			for i := 0; b.Loop(); i++ {
				o := minio.PutObjectOptions{PartSize: partSize, NumThreads: parallel}
				if _, err := c.FPutObject(b.Context(), s.Bucket, strconv.Itoa(i), file, o); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/store", func(b *testing.B) {
			s := s3test.Start(b)
			store, spool := newStore(b, s, 8<<30)
			b.SetBytes(size)
			for i := 0; b.Loop(); i++ {
				record(b, store, spool, storage.Name(strconv.Itoa(i)), p, size, func() {})
			}
		})
	}
}

func write(b *testing.B, file string, p []byte, size int64) {
	b.Helper()
	f, err := os.Create(file)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	for at := int64(0); at < size; at += int64(len(p)) {
		if _, err := f.Write(p[:min(int64(len(p)), size-at)]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLongSession tells what a session takes of this machine that is longer than the
// spool may be. It writes as fast as there is room.
func BenchmarkLongSession(b *testing.B) {
	for _, gib := range []int64{1, 5, 20} {
		b.Run(fmt.Sprintf("%dGiB", gib), func(b *testing.B) { longSession(b, gib<<30) })
	}
}

// budget is the spool's in a long session, and brake where its writer waits: a person is slower.
const (
	budget = 256 << 20
	brake  = budget - 32<<20
)

func longSession(b *testing.B, size int64) {
	p, s := noise(), s3test.Start(b)
	store, spool := newStore(b, s, budget)
	b.SetBytes(size)
	var most, heap int64
	looked := time.Now()
	look := func() {
		for deadline := time.Now().Add(patience); ; <-time.After(5 * time.Millisecond) {
			used := room(b, spool)
			most = max(most, used)
			if used <= brake {
				break
			}
			if time.Now().After(deadline) {
				b.Fatal("nothing leaves the spool")
			}
		}
		if time.Since(looked) > 100*time.Millisecond {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			heap, looked = max(heap, int64(m.HeapInuse)-int64(len(p))), time.Now()
		}
	}
	for i := 0; b.Loop(); i++ {
		name := storage.Name("long" + strconv.Itoa(i))
		record(b, store, spool, name, p, size, look)
		s.Remove(b, string(name))
	}
	b.ReportMetric(float64(most)/(1<<20), "spool-MiB")
	b.ReportMetric(float64(heap)/(1<<20), "heap-MiB")
}

// room is what the spool takes of the disk.
func room(b *testing.B, spool string) (n int64) {
	b.Helper()
	err := filepath.WalkDir(spool, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := d.Info(); err == nil { // else it is gone meanwhile
			n += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}
