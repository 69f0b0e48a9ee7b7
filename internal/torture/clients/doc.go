// Package clients tortures the built program with clients that are hostile, slow or broken.
package clients
