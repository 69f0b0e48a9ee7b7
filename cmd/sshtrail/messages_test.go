package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// stalled is a reader that takes nothing until it is released.
type stalled struct {
	release chan struct{}
	got     strings.Builder
}

func (s *stalled) Write(p []byte) (int, error) {
	<-s.release
	return s.got.Write(p)
}

// Promise 6: whoever reads the messages can't hold up the gateway.
func TestMessagesWaitForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &stalled{release: make(chan struct{})}
		m := newMessages(out)
		start := time.Now()
		for i := range maxMessages + 500 {
			fmt.Fprintf(m, "message %d\n", i)
		}
		if took := time.Since(start); took > 0 {
			t.Errorf("messages waited %v for their reader", took)
		}
		close(out.release)
		synctest.Wait()
		fmt.Fprintf(m, "the last one\n")
		m.close()
		fmt.Fprintf(m, "after the end\n")
		if got := out.got.String(); !strings.Contains(got, "message 0\n") || !strings.Contains(got, "messages were dropped") || !strings.HasSuffix(got, "the last one\n") {
			t.Errorf("the reader got %d bytes, without the first message, the last, or the number of those dropped", len(got))
		}
	})
}

func TestMessagesEndWithAReaderThatStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &stalled{release: make(chan struct{})}
		m := newMessages(out)
		fmt.Fprintln(m, "one")
		start := time.Now()
		m.close()
		if took := time.Since(start); took > lastMessages {
			t.Errorf("close took %v", took)
		}
		close(out.release)
	})
}

// Promise 7: whatever a peer calls itself, a message of it acts on no terminal.
func TestMessagesAreHarmless(t *testing.T) {
	var out strings.Builder
	m := newMessages(&out)
	logger := slog.New(slog.NewTextHandler(m, nil))
	for r := range rune(0x3100) {
		logger.Info("refused", "user", string(r), "error", errors.New(string([]byte{byte(r)})))
	}
	m.close()
	if n := strings.Count(out.String(), "\n"); n > 0x3100+1 {
		t.Errorf("%d messages are %d lines", 0x3100, n)
	}
	checkHarmless(t, "messages", []byte(out.String()))
	if !strings.Contains(out.String(), `\x7f`) {
		t.Error("there is no DEL in the messages")
	}
}
