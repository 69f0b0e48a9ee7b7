package quiet

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// told is what was handed on: lines of text, each with the time of its telling.
type told struct {
	mu    sync.Mutex
	lines []string
	times []time.Time
}

func (t *told) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, strings.TrimSpace(string(bytes.Clone(p))))
	t.times = append(t.times, time.Now())
	return len(p), nil
}

// all returns the lines so far.
func (t *told) all() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.lines)
}

var number = regexp.MustCompile(` repeated=(\d+)$`)

// stands is how many messages the lines stand for.
func (t *told) stands() int {
	n := 0
	for _, line := range t.all() {
		if m := number.FindStringSubmatch(line); m != nil {
			repeated, _ := strconv.Atoi(m[1]) // are digits
			n += repeated
		} else {
			n++
		}
	}
	return n
}

// quietly returns a handler for a test in a bubble, and what it hands on.
func quietly(t *testing.T) (h *Handler, logger *slog.Logger, out *told) {
	out = &told{}
	h = New(slog.NewTextHandler(out, nil))
	t.Cleanup(h.Close)
	return h, slog.New(h), out
}

// kept is how many causes are kept, and how many of them are texts.
func (h *Handler) kept() (causes, texts int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range h.texts {
		texts += n
	}
	return len(h.causes), texts
}

func TestRepeatsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, logger, out := quietly(t)
		for i := range 1000 {
			logger.Error("recording is not possible", "connection", i, "error", &fs.PathError{Op: "write", Path: fmt.Sprint("/j/", i), Err: syscall.ENOSPC})
		}
		if len(out.all()) != 1 || !strings.Contains(out.all()[0], "connection=0 ") {
			t.Errorf("at once there is\n%s\nwant the first message", strings.Join(out.all(), "\n"))
		}
		time.Sleep(interval) // nothing more comes
		synctest.Wait()
		if len(out.all()) != 2 || !strings.Contains(out.all()[1], "connection=999 ") || !strings.HasSuffix(out.all()[1], " repeated=999") {
			t.Errorf("a second later there is\n%s\nwant the last message for 999", strings.Join(out.all(), "\n"))
		}
		if n := h.HeldBack(); n != 998 {
			t.Errorf("%d messages were held back, want 998", n)
		}
		time.Sleep(2 * interval)
		logger.Error("recording is not possible", "error", syscall.ENOSPC)
		if len(out.all()) != 3 {
			t.Errorf("after a pause a message is held back")
		}
	})
}

func TestTheEndTellsWhatWasHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, logger, out := quietly(t)
		for range 3 {
			logger.Warn("nobody was let in", "error", errors.New("no"))
		}
		h.Close()
		if len(out.all()) != 2 || out.stands() != 3 {
			t.Errorf("at the end there is\n%s\nwant two lines for 3 messages", strings.Join(out.all(), "\n"))
		}
		logger.Warn("nobody was let in", "error", errors.New("no"))
		if len(out.all()) != 3 {
			t.Error("a message after the end is lost")
		}
	})
}

type code string

func (c code) Cause() string { return string(c) }

func TestCauses(t *testing.T) {
	path := func(path string, err error) error {
		return fmt.Errorf("log %q: %w", path, &fs.PathError{Op: "write", Path: path, Err: err})
	}
	text := errors.New
	for _, test := range []struct {
		name string
		a, b []any
		same bool
	}{
		{"path", []any{"error", path("/a", syscall.EIO)}, []any{"error", path("/b", syscall.EIO)}, true},
		{"number", []any{"error", path("/a", syscall.EIO)}, []any{"error", path("/a", syscall.ENOSPC)}, false},
		{"joined", []any{"error", errors.Join(text("x"), syscall.EIO)}, []any{"error", syscall.EIO}, true},
		{"other attributes", []any{"connection", 1, "error", syscall.EIO}, []any{"connection", 2, "error", syscall.EIO}, true},
		{"text", []any{"error", text("host key is unknown")}, []any{"error", text("host is away")}, false},
		{"text with a number", []any{"error", text("20 connections from 10.0.0.1")}, []any{"error", text("21 connections from 10.0.0.2")}, true},
		{"text that is quoted", []any{"error", text(`it sent "GET / HTTP" at once`)}, []any{"error", text(`it sent "\"x y" at once`)}, true},
		{"reason as text", []any{"reason", "all taken"}, []any{"reason", "stopping"}, false},
		{"code", []any{"reason", code("denied"), "error", text("a")}, []any{"reason", code("denied"), "error", text("b")}, true},
		{"code after the error", []any{"error", text("a"), "reason", code("denied")}, []any{"error", text("b"), "reason", code("denied")}, true},
		{"other code", []any{"reason", code("denied")}, []any{"reason", code("timeout")}, false},
		{"none", []any{"connection", 1}, []any{"connection", 2}, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, logger, out := quietly(t)
			logger.Warn("m", test.a...)
			logger.Warn("m", test.b...)
			if same := len(out.all()) == 1; same != test.same {
				t.Errorf("%s: one cause: %v, want %v; there is\n%s", test.name, same, test.same, strings.Join(out.all(), "\n"))
			}
		})
	}
}

// Level and message belong to a cause, and so does nothing that was added to the handler.
func TestKindsAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, logger, out := quietly(t)
		logger.Warn("a", "error", syscall.EIO)
		logger.Error("a", "error", syscall.EIO)
		logger.Warn("b", "error", syscall.EIO)
		logger.With("x", 1).Warn("a", "error", syscall.EIO)
		logger.WithGroup("g").Warn("a", "error", syscall.EIO)
		if len(out.all()) != 3 {
			t.Errorf("there is\n%s\nwant 3 lines", strings.Join(out.all(), "\n"))
		}
	})
}

// What happens to single connections is no fault: each is told, up to a bound.
func TestConnectionsAreToldEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, logger, out := quietly(t)
		for i := range 10_000 {
			logger.Info("logged in", "user", i)
		}
		if len(out.all()) != maxPlain {
			t.Errorf("%d lines at once, want %d", len(out.all()), maxPlain)
		}
		time.Sleep(interval)
		synctest.Wait()
		if len(out.all()) != maxPlain+1 || out.stands() != 10_000 {
			t.Errorf("%d lines stand for %d messages, want %d for 10000", len(out.all()), out.stands(), maxPlain+1)
		}
	})
}

// Whoever can choose the text of errors can make neither lines nor memory with it, and
// does not hide what the system says.
func TestHostileReasonsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, logger, out := quietly(t)
		const seconds, flood = 5, 10_000
		for second := range seconds {
			for i := range flood {
				logger.Warn("nobody was let in", "error", errors.New(letters(second*flood+i)))
			}
			logger.Warn("nobody was let in", "error", syscall.EIO)
			if n, _ := h.kept(); n > maxTexts+2 {
				t.Fatalf("%d causes are kept", n)
			}
			time.Sleep(interval)
			synctest.Wait()
		}
		if most := (maxTexts + 2) * (seconds + 1); len(out.all()) > most {
			t.Errorf("%d lines in %d s, want %d at most", len(out.all()), seconds, most)
		}
		if n := strings.Count(strings.Join(out.all(), "\n"), syscall.EIO.Error()); n != seconds {
			t.Errorf("the system's error is told %d times, want %d", n, seconds)
		}
		time.Sleep(2 * interval)
		synctest.Wait()
		if out.stands() != seconds*(flood+1) {
			t.Errorf("the lines stand for %d messages, want %d", out.stands(), seconds*(flood+1))
		}
		if causes, texts := h.kept(); causes+texts != 0 {
			t.Errorf("when it is over %d causes and %d texts are kept", causes, texts)
		}
	})
}

// letters is a word without a digit, another for each n.
func letters(n int) string {
	var b strings.Builder
	for ; n > 0; n /= 26 {
		b.WriteByte('a' + byte(n%26))
	}
	return b.String()
}

// Even a program with a flood of kinds of messages is bounded.
func TestCausesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, logger, out := quietly(t)
		for i := range 10 * maxCauses {
			logger.Warn("message "+strconv.Itoa(i), "error", syscall.EIO)
		}
		if n, _ := h.kept(); n > maxCauses+1 || len(out.all()) > maxCauses+1 {
			t.Errorf("%d causes are kept, and %d lines told", n, len(out.all()))
		}
	})
}

// Whatever comes when: no fault twice within a second, none told later than a second, and
// the lines stand for all messages.
func TestAnyStream(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		h, logger, out := quietly(t)
		chance := rand.New(rand.NewPCG(seed, 0))
		causes := []error{syscall.EIO, syscall.ENOSPC, syscall.EMFILE, errors.New("host away"), errors.New("no")}
		sent := 0
		for range 3000 {
			for range chance.IntN(4) {
				cause := causes[chance.IntN(len(causes))]
				logger.Warn("m", "at", time.Now(), "error", cause)
				sent++
			}
			time.Sleep(time.Duration(chance.IntN(int(interval / 5))))
			synctest.Wait()
		}
		h.Close()
		if out.stands() != sent {
			t.Errorf("the lines stand for %d messages, want %d", out.stands(), sent)
		}
		last := map[string]time.Time{}
		for i, line := range out.all()[:len(out.all())-len(causes)] { // the end waits for nothing
			cause := line[strings.Index(line, "error="):]
			cause = number.ReplaceAllString(cause, "")
			if since := out.times[i].Sub(last[cause]); since < interval {
				t.Errorf("%q is told again after %v", cause, since)
			}
			last[cause] = out.times[i]
			if at, err := time.Parse(time.RFC3339Nano, value(line, "at=")); err != nil || out.times[i].Sub(at) > interval+time.Millisecond { // at is cut to milliseconds
				t.Errorf("%q is told %v late (%v)", line, out.times[i].Sub(at), err)
			}
		}
	})
}

func value(line, key string) string {
	_, after, _ := strings.Cut(line, key)
	v, _, _ := strings.Cut(after, " ")
	return v
}
