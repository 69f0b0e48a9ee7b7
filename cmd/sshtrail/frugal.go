package main

import (
	"os"
	"runtime/debug"
)

// readerMemory is what the commands that read logs leave to the garbage collector to keep
// below: with the program itself that is less than 64 MiB. A hostile log can make nearly as
// much of it be in use at once, but not more.
const readerMemory = 48 << 20

// frugal has the process collect its garbage before it takes more memory than readers
// promise, unless the user has set a limit (GOMEMLIMIT).
func frugal() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(readerMemory)
	}
}
