//go:build race

package e2e

// raced says that these tests were built with the race detector: then the gateway is too.
const raced = true
