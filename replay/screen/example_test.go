package screen_test

import (
	"fmt"
	"os"

	"github.com/sshtrail/sshtrail/replay/screen"
)

func Example() {
	s := screen.New(40, 3)
	s.OnScroll = func(l screen.Line) { fmt.Println("gone:", l) }
	fmt.Fprint(s, "$ make\r\n 10%\r100%\x1b[1;32m done\x1b[m\r\n$ ")
	seek := s.Snapshot()
	fmt.Fprint(s, "exit\r\n")
	for _, text := range seek.Text() {
		fmt.Println(text)
	}
	// Output:
	// gone: $ make
	// $ make
	// 100% done
	// $
}

func ExampleWriteDiff() {
	s := screen.New(20, 2)
	before := s.Snapshot()
	fmt.Fprint(s, "\x1b]0;not your title\a\x1b[31mred\x1b[5n")
	if err := screen.WriteDiff(quoted{}, before, s); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	// Output: "\x1b[1;1H\x1b[0;31mred\x1b[0m\x1b[1;4H"
}

type quoted struct{}

func (quoted) Write(p []byte) (int, error) {
	fmt.Printf("%q\n", p)
	return len(p), nil
}
