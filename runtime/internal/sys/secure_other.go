//go:build !linux

package sys

import "time"

// A Seal is what can never again be done to a file, by nobody.
type Seal uint32

// The seals of a file in memory. Only Linux has them.
const (
	SealSeal Seal = 1 << iota
	SealShrink
	SealGrow
	SealWrite
	SealFutureWrite
)

// CreateMemory is not supported.
func CreateMemory(string) (File, error) { return File{}, ErrUnsupported }

// Seal is not supported.
func (f File) Seal(Seal) error { return ErrUnsupported }

// Seals is not supported.
func (f File) Seals() (Seal, error) { return 0, ErrUnsupported }

// ReadOnly is not supported.
func (f File) ReadOnly() (File, error) { return File{}, ErrUnsupported }

// MapOver is not supported.
func (f File) MapOver([]byte, bool) error { return ErrUnsupported }

// Reserve is not supported.
func Reserve(int) ([]byte, error) { return nil, ErrUnsupported }

// A Socket is an end of a connection between two processes. Only Linux has those
// that are needed.
type Socket struct{}

// ErrMessage is returned for a message that is not the one that was expected.
var ErrMessage = ErrUnsupported

// A Peer is the process at the other end.
type Peer struct {
	PID    int
	UID    uint32
	GIDs   []uint32
	Groups bool
}

// Listen is not supported.
func (d Dir) Listen(string, string, uint32) (*Socket, error) { return nil, ErrUnsupported }

// Connect is not supported.
func (d Dir) Connect(string, string, time.Duration) (*Socket, error) { return nil, ErrUnsupported }

// IsRefused reports false.
func IsRefused(error) bool { return false }

// IsClosed reports false.
func IsClosed(error) bool { return false }

// Accept is not supported.
func (s *Socket) Accept() (*Socket, error) { return nil, ErrUnsupported }

// Peer is not supported.
func (s *Socket) Peer() (Peer, error) { return Peer{}, ErrUnsupported }

// SetDeadline is not supported.
func (s *Socket) SetDeadline(time.Time) error { return ErrUnsupported }

// Send is not supported.
func (s *Socket) Send([]byte, *File) error { return ErrUnsupported }

// Receive is not supported.
func (s *Socket) Receive([]byte, bool) (int, []File, error) { return 0, nil, ErrUnsupported }

// Close is not supported.
func (s *Socket) Close() error { return ErrUnsupported }

// WakeFew does nothing: nobody sleeps on words of his own here.
func WakeFew(*uint32) {}
