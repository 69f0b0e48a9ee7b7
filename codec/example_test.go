package codec_test

import (
	"fmt"
	"log"
	"os"

	"github.com/sshtrail/sshtrail/codec"
	"github.com/sshtrail/sshtrail/event"
)

// Print what was typed and shown on the connection of a log.
func ExampleNewReader() {
	file, err := os.Open("binary/testdata/containerssh/containerssh-v2-exec.log")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	reader := codec.NewReader(file)
	for ev, err := range reader.Events() {
		if err != nil {
			log.Fatal(err)
		}
		switch body := ev.Body.(type) {
		case *event.Exec:
			fmt.Println("ran:", body.Program)
		case *event.IO:
			fmt.Printf("stream %d: %q\n", body.Stream, body.Data)
		}
	}
	fmt.Println(reader.Verdict())
	// Output:
	// ran: echo out; echo err >&2; sleep 0.2; exit 7
	// stream 1: "out\n"
	// stream 2: "err\n"
	// foreign
}
