//go:build !linux

package disk

import "errors"

// SyncAll is not there: sync(2) does not wait everywhere, and tells of no errors.
func (OS) SyncAll(string) error { return errors.ErrUnsupported }
