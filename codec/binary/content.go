package binary

import (
	"fmt"
	"math"
)

// ReadContent calls each for the messages of content, which is that of a block which was
// not made yet: canonical messages, back to back, as [AppendMessage] made them. A
// message is valid until each returns. Its Seq counts from 0. ReadContent ends at each's
// first error, or at what is no message.
func ReadContent(content []byte, each func(*Message) error) error {
	var c checker
	c.begin(&header{messages: math.MaxUint32, kinds: math.MaxUint32, to: math.MaxInt64}, nil, content)
	c.n = 1 // only the first and the last message of a block must have its times
	var m Message
	for c.s.Pos() < len(content) {
		at := c.s.Pos()
		if err := c.next(&m); err != nil {
			return fmt.Errorf("message at byte %d: %w", at, err)
		}
		if err := each(&m); err != nil {
			return err
		}
	}
	return nil
}
