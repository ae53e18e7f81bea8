package sys

import (
	"time"

	"golang.org/x/sys/windows"
)

// An Event is an auto-reset event with a name, shared by the processes of one
// logon session. It takes the place of a futex, which Windows has within a
// process only.
type Event struct{ h windows.Handle }

// OpenEvent opens the event with this name, or makes it.
func OpenEvent(name string) (Event, error) {
	p, err := windows.UTF16PtrFromString(`Local\` + name)
	if err != nil {
		return Event{}, err
	}
	h, err := windows.CreateEvent(nil, 0, 0, p)
	if h != 0 { // the error says only that it was there
		return Event{h}, nil
	}
	return Event{}, err
}

// Wait sleeps until Set or for d, for ever if d < 0. It reports whether it was
// Set.
func (e Event) Wait(d time.Duration) (bool, error) {
	ms := uint32(windows.INFINITE)
	if d >= 0 {
		ms = uint32(min((d+time.Millisecond-1)/time.Millisecond, 1<<30))
	}
	r, err := windows.WaitForSingleObject(e.h, ms)
	return r == windows.WAIT_OBJECT_0, err
}

// Set wakes one sleeper, or the next who comes.
func (e Event) Set() error { return windows.SetEvent(e.h) }

// Close closes e.
func (e Event) Close() error { return windows.CloseHandle(e.h) }
