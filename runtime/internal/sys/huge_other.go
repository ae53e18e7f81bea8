//go:build !linux

package sys

// Collapse is not supported.
func Collapse([]byte) error { return ErrUnsupported }
