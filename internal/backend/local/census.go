//go:build linux

package local

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

// census lists the machine's processes for whoever ends a program. Many may end at once,
// and each must look at all of them: those who come while one list is made share the next.
type census struct {
	list func(born uint64) ([]stat, error)
	turn chan struct{} // has an element while a list is made

	mu   sync.Mutex
	next *count // not begun yet, for who comes now; nil if nobody waits
}

// count is one list and those who share it.
type count struct {
	born uint64 // those older are in nobody's family
	done chan struct{}

	// Set when done is closed.
	population
	err error
}

func newCensus() *census { return &census{list: livingSince, turn: make(chan struct{}, 1)} }

var errNotListed = errors.New("list processes: internal error")

// take returns a list that was begun after the call, of the processes that are not older
// than born at least. It is shared, and not to be changed.
func (c *census) take(born uint64) (population, error) {
	c.mu.Lock()
	if shared := c.next; shared != nil {
		shared.born = min(shared.born, born)
		c.mu.Unlock()
		<-shared.done
		return shared.population, shared.err
	}
	mine := &count{born: born, done: make(chan struct{}), err: errNotListed}
	c.next = mine
	c.mu.Unlock()
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	defer close(mine.done) // after a panic too: it is nobody else's
	c.mu.Lock()
	c.next = nil // what begins from now on may be missing in this one
	c.mu.Unlock()
	processes, err := c.list(mine.born)
	mine.population, mine.err = newPopulation(processes), err
	return mine.population, err
}

// population is processes by what may join them to a family.
type population struct {
	byPID                  map[int]stat
	session, group, parent map[int][]int // process ids, by that of what is named
	mark                   map[string][]int
}

func newPopulation(processes []stat) population {
	p := population{
		byPID:   make(map[int]stat, len(processes)),
		session: map[int][]int{}, group: map[int][]int{}, parent: map[int][]int{}, mark: map[string][]int{},
	}
	for _, s := range processes {
		p.byPID[s.pid] = s
		p.session[s.session] = append(p.session[s.session], s.pid)
		p.group[s.group] = append(p.group[s.group], s.pid)
		p.parent[s.parent] = append(p.parent[s.parent], s.pid)
		for _, mark := range s.marks {
			p.mark[mark] = append(p.mark[mark], s.pid)
		}
	}
	return p
}

// livingSince lists the processes that are not older than born.
func livingSince(born uint64) ([]stat, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var processes []stat
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue // not a process
		}
		if s, err := readStat(pid); err == nil && !s.dead && s.born >= born { // else it has just ended
			s.marks = readMarks(pid)
			processes = append(processes, s)
		}
	}
	return processes, nil
}

// readMarks returns the marks that a process has, as NAME=value. Where we may not look it
// is another user's, who can have come to it through the program only by its session or
// ancestors.
func readMarks(pid int) (marks []string) {
	env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return nil
	}
	for variable := range strings.SplitSeq(string(env), "\x00") {
		if strings.HasPrefix(variable, markName+"=") {
			marks = append(marks, strings.Clone(variable)) // not all of the environment
		}
	}
	return marks
}
