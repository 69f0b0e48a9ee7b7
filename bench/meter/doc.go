// Package meter measures what processes use, from outside of them.
package meter
