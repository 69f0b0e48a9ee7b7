package main

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func count(to int) func(each func(int) error) error {
	return func(each func(int) error) error {
		for i := range to {
			if err := each(i); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestInOrderDoesSeveralAtOnce(t *testing.T) {
	for _, n := range []int{1, 2, 16} {
		synctest.Test(t, func(t *testing.T) {
			var running, most atomic.Int64
			var told []int
			start := time.Now()
			err := inOrder(n, count(64), func(i int) int {
				for now := running.Add(1); now > most.Load(); {
					most.Store(now)
				}
				time.Sleep(time.Second * time.Duration(1+i%2))
				running.Add(-1)
				return i
			}, func(i int) error { told = append(told, i); return nil })
			if err != nil || len(told) != 64 || !slices.IsSorted(told) {
				t.Errorf("%d at once: told %v, %v", n, told, err)
			}
			if most.Load() > int64(n) {
				t.Errorf("%d were done at once, want %d at most", most.Load(), n)
			}
			if took, want := time.Since(start), 2*time.Second*64/time.Duration(n); took > want {
				t.Errorf("%d at once took %s, want %s at most", n, took, want)
			}
		})
	}
}

func TestInOrderEndsWithTheFirstError(t *testing.T) {
	broken := errors.New("broken")
	for _, n := range []int{1, 8} {
		visited := 0
		err := inOrder(n, func(each func(int) error) error {
			return count(1000)(func(i int) error { visited++; return each(i) })
		}, func(i int) int { return i }, func(i int) error {
			if i == 10 {
				return broken
			}
			if i > 10 {
				t.Errorf("%d at once: told %d after an error", n, i)
			}
			return nil
		})
		if err != broken || visited > 10+2*n+1 {
			t.Errorf("%d at once: %v after %d, want broken after 10", n, err, visited)
		}
		told := 0
		err = inOrder(n, func(each func(int) error) error {
			return errors.Join(count(3)(each), broken)
		}, func(i int) string { return fmt.Sprint(i) }, func(string) error { told++; return nil })
		if !errors.Is(err, broken) || told != 3 {
			t.Errorf("%d at once: %v and %d told, want broken and 3", n, err, told)
		}
	}
}

func TestSince(t *testing.T) {
	now := time.Now()
	for text, want := range map[string]string{
		"2026-01-31":                "019c11597000",
		"2026-01-31T00:00:00+00:00": "019c11597000",
		"1960-01-01":                "",
	} {
		var s since
		if err := s.Set(text); err != nil || string(s.name()) != want {
			t.Errorf("%s: %q, %v, want %q", text, s.name(), err, want)
		}
	}
	var s since
	if got := s.name(); got != "" {
		t.Errorf("no time: %q", got)
	}
	if err := s.Set("36h"); err != nil || now.Sub(s.Time) > 36*time.Hour || now.Sub(s.Time) < 36*time.Hour-time.Minute {
		t.Errorf("36h: %v, %v", s.Time, err)
	}
	for _, text := range []string{"", "yesterday", "-1h", "2026-13-01"} {
		if err := s.Set(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}
