package storagetest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/sshtrail/sshtrail/storage"
)

func checkOpenNothing(s *suite) {
	r, err := s.store.Open(s.Context(), "none")
	if !s.want("Open", err, storage.ErrNotExist) && err == nil {
		r.Close()
	}
}

func checkReaderDuringWriting(s *suite) {
	w := s.create("log")
	s.write(w, "early")
	r := s.open("log")
	defer r.Close()
	s.write(w, " and late")
	s.wantRead(r, "early")
	s.wantContent("log", "early and late")
	if n, err := r.ReadAt(make([]byte, 1), 5); n != 0 || err != io.EOF {
		s.Errorf("ReadAt the size that the log had = %d, %v, want 0, EOF", n, err)
	}
	s.must("Commit", w.Commit(s.Context()))
}

func checkReaderOutlivesCommit(s *suite) {
	w := s.create("log")
	s.write(w, "some")
	r := s.open("log")
	defer r.Close()
	s.write(w, " more")
	s.must("Commit", w.Commit(s.Context()))
	s.wantRead(r, "some")
}

// checkReaderOutlivesCut reads what the cut has left. What it took away may be gone for the
// reader too, or have become what was written instead: it was never good.
func checkReaderOutlivesCut(s *suite) {
	s.leave("log", "good|torn")
	r := s.open("log")
	defer r.Close()
	w := s.resume("log", 4)
	s.write(w, "|new tail")
	s.must("Commit", w.Commit(s.Context()))
	p := make([]byte, 4)
	if n, err := r.ReadAt(p, 0); n != 4 || err != nil && err != io.EOF || string(p) != "good" {
		s.Errorf("ReadAt what was kept = %d, %v, %q, want good", n, err, p[:n])
	}
}

func checkOpenReported(s *suite) {
	want := func(when string, want bool) {
		r := s.open("log")
		defer r.Close()
		if r.Open() != want {
			s.Errorf("Open() of a reader %s = %v, want %v", when, r.Open(), want)
		}
	}
	w := s.create("log")
	want("while the log is written", true)
	s.must("Close", w.Close())
	want("after its writer's Close", false)
	w = s.resume("log", -1)
	want("after Resume", true)
	s.must("Commit", w.Commit(s.Context()))
	want("after Commit", false)
}

func checkReadersDoNotDisturb(s *suite) {
	const logs = contenders / 2
	content := strings.Repeat("0123456789", 20)
	var over [logs]atomic.Bool
	together(func(i int) {
		name := storage.Name(fmt.Sprint("log", i%logs))
		if i < logs {
			defer over[i].Store(true)
			s.want("writing beside readers", s.writeInTwo(name, content), nil)
			return
		}
		for size := int64(0); !over[i%logs].Load(); {
			size = s.readBeside(name, content, size)
		}
	})
	for i := range logs {
		s.wantContent(storage.Name(fmt.Sprint("log", i)), content)
	}
}

// writeInTwo writes a log in small pieces and, half-way, gives it up and resumes it.
func (s *suite) writeInTwo(name storage.Name, content string) error {
	w, err := s.store.Create(s.Context(), name, storage.About{})
	for i := 0; err == nil && i < len(content); i += 10 {
		_, err = io.WriteString(w, content[i:i+10])
		if err == nil && i == len(content)/2 {
			err = w.Close()
			if err == nil {
				w, err = s.store.Resume(s.Context(), name, keepFirst(-1))
			}
		}
	}
	if err != nil {
		return err
	}
	return w.Commit(s.Context())
}

// readBeside reads a log that is being written and had size bytes before; it returns
// how many it has now.
func (s *suite) readBeside(name storage.Name, content string, size int64) int64 {
	r, err := s.store.Open(s.Context(), name)
	if errors.Is(err, storage.ErrNotExist) && size == 0 {
		return 0 // not yet
	}
	if !s.want("Open beside a writer", err, nil) {
		return size
	}
	b, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	if err != nil || r.Size() < size || r.Size() > int64(len(content)) || string(b) != content[:r.Size()] {
		s.Errorf("beside a writer, a reader of %d bytes reads %s (%v) where there were %d before", r.Size(), short(string(b)), err, size)
	}
	s.want("Close of a reader", r.Close(), nil)
	return r.Size()
}

func checkReadAt(s *suite) {
	s.finish("log", "0123456789")
	r := s.open("log")
	defer r.Close()
	if r.Size() != 10 {
		s.Errorf("Size() = %d, want 10", r.Size())
	}
	for _, tt := range []struct {
		at   int64
		size int
		want string
		eof  bool
	}{{3, 4, "3456", false}, {8, 2, "89", false}, {8, 5, "89", true}, {10, 1, "", true}, {50, 1, "", true}} {
		p := make([]byte, tt.size)
		n, err := r.ReadAt(p, tt.at)
		// With the last byte, io.ReaderAt leaves a reader free to say EOF.
		if string(p[:n]) != tt.want || tt.eof != (err == io.EOF) && tt.at+int64(tt.size) != 10 || err != nil && err != io.EOF {
			s.Errorf("ReadAt(%d bytes, %d) = %q, %v, want %q, EOF %v", tt.size, tt.at, p[:n], err, tt.want, tt.eof)
		}
	}
	together(func(i int) {
		p := make([]byte, 1)
		if _, err := r.ReadAt(p, int64(i%10)); err != nil && err != io.EOF || p[0] != '0'+byte(i%10) {
			s.Errorf("ReadAt(1 byte, %d) beside others = %q, %v", i%10, p, err)
		}
	})
}
