package load

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
)

// The kinds of data that are sent.
const (
	Text   = "text"   // as programs log it, which compresses to a quarter or so
	Random = "random" // which does not compress
	Zeros  = "zeros"
)

// Data returns so many bytes of a kind.
func Data(kind string, size int) []byte {
	switch kind {
	case Text:
		return text(size)
	case Random:
		b := make([]byte, size)
		rand.NewChaCha8([32]byte{1}).Read(b)
		return b
	}
	return make([]byte, size)
}

func text(size int) []byte {
	var text bytes.Buffer
	text.Grow(size + 200)
	for i := 0; text.Len() < size; i++ {
		fmt.Fprintf(&text, "2026-11-22T10:%02d:%02d.%06dZ host-%d app[%d]: level=info msg=\"request done\" path=/api/v1/items/%d status=%d took=%dus\n",
			i/3600%60, i/60%60, i*7919%1000000, i%7, 1000+i%13, i*104729%99991, 200+i%4*100, i*31337%87311)
	}
	return text.Bytes()[:size]
}

// WriteData writes a file with so many bytes of a kind.
func WriteData(path, kind string, size int) error {
	if err := os.WriteFile(path, Data(kind, size), 0o600); err != nil {
		return fmt.Errorf("write data to send: %w", err)
	}
	return nil
}
