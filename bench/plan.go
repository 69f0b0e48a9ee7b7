package main

import "time"

// plan says how much is done.
type plan struct {
	rounds      int           // of what is compared with the floor
	bulk        int           // bytes of bulk data
	keys        int           // typed flat out
	people      int           // who type at once
	typing      time.Duration // for so long
	oneByOne    int           // logins
	atOnce      int           // logins, 16 at once
	sessions    []int         // open at once
	knocks      int           // connections before their login
	hosts       int           // of ssh host true, for the size of its log
	simKeys     int           // in a log of typing
	simLines    int           // in a log of lines
	readBytes   int64         // of a log of text, before compression
	readKeys    int           // in a log to be read
	seekBytes   int64         // of a log to seek in, about
	seeks       int
	logs        []int // in a folder
	grow, steps int64 // bytes of one log, and in how many steps it is measured
}

func quick() plan {
	return plan{
		rounds: 3, bulk: 128 << 20, keys: 5000, people: 100, typing: 5 * time.Second, oneByOne: 100, atOnce: 400,
		sessions: []int{200, 1000}, knocks: 1000, hosts: 10, simKeys: 20_000, simLines: 10_000,
		readBytes: 256 << 20, readKeys: 250_000, seekBytes: 128 << 20, seeks: 20,
		logs: []int{1000, 100_000}, grow: 1 << 30, steps: 4,
	}
}

func long() plan {
	return plan{
		rounds: 9, bulk: 512 << 20, keys: 10_000, people: 200, typing: 20 * time.Second, oneByOne: 500, atOnce: 2000,
		sessions: []int{10, 200, 1000, 3000, 10_000}, knocks: 1000, hosts: 50, simKeys: 200_000, simLines: 100_000,
		readBytes: 1 << 30, readKeys: 1_000_000, seekBytes: 1 << 30, seeks: 50,
		logs: []int{1000, 10_000, 100_000, 1_000_000}, grow: 12 << 30, steps: 12,
	}
}

// profiling is for profiles, which take a sample each hundredth of a second: each thing once, and long.
func profiling() plan {
	p := quick()
	p.rounds, p.bulk, p.keys, p.oneByOne, p.atOnce = 1, 1<<30, 20_000, 1000, 4000
	return p
}

// tiny is for the test that all of it runs.
func tiny() plan {
	return plan{
		rounds: 1, bulk: 1 << 20, keys: 20, people: 3, typing: time.Second, oneByOne: 3, atOnce: 20,
		sessions: []int{2, 5}, knocks: 5, hosts: 2, simKeys: 1000, simLines: 1000,
		readBytes: 4 << 20, readKeys: 1000, seekBytes: 4 << 20, seeks: 3,
		logs: []int{10, 100}, grow: 4 << 20, steps: 2,
	}
}
