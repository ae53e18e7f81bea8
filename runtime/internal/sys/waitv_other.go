//go:build !linux

package sys

import "time"

// MaxWords is how many words WaitWords sleeps on at once.
const MaxWords = 128

// A WordWait is a word to sleep on while it holds a value.
type WordWait struct{}

// NewWordWait returns a wait for word while it is val. A private word is of this
// process alone.
func NewWordWait(word *uint32, val uint32, private bool) WordWait { return WordWait{} }

// WaitWords returns ErrUnsupported: there is no sleeping on several words here.
func WaitWords(ws []WordWait, d time.Duration) error { return ErrUnsupported }

// WakePrivate wakes who sleeps in WaitWords on a private word: nobody.
func WakePrivate(word *uint32) {}
