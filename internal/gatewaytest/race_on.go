//go:build race

package gatewaytest

// raced says that these tests were built with the race detector: then the gateway is too.
const raced = true
