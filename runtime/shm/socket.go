package shm

import (
	"errors"
	"os"
	"time"

	"github.com/pylabhub/datahub/runtime/internal/sys"
)

// SocketName is what the socket of a block is called in its folder.
const SocketName = "socket"

// ErrMessage is returned for a message that is longer than expected, or comes with
// more files. Those files were closed.
var ErrMessage = sys.ErrMessage

// A Peer is the process at the other end of a connection, as the kernel knows it.
type Peer = sys.Peer

// A Socket is where processes connect to, or one end of a connection. Messages come
// as a whole or not at all. Methods may be called concurrently.
type Socket struct {
	sys  *sys.Socket
	path string
}

// Listen makes a socket in d to which the owner of d can connect, or, if open,
// everybody who can enter d.
func (d *Dir) Listen(open bool) (*Socket, error) {
	perm := uint32(0o600)
	if open {
		perm = 0o666
	}
	s, err := d.sys.Listen(d.path, SocketName, perm)
	if err != nil {
		return nil, classify("listen at", d.join(SocketName), err)
	}
	return &Socket{s, d.join(SocketName)}, nil
}

// Connect connects to the socket in d. What nobody listens to any more is
// [IsRefused], what never was fs.ErrNotExist.
func (d *Dir) Connect(timeout time.Duration) (*Socket, error) {
	s, err := d.sys.Connect(d.path, SocketName, timeout)
	if err != nil {
		return nil, classify("connect to", d.join(SocketName), err)
	}
	return &Socket{s, d.join(SocketName)}, nil
}

// IsRefused reports whether err says that nobody listens.
func IsRefused(err error) bool { return sys.IsRefused(err) }

// IsClosed reports whether err says that the other end is gone.
func IsClosed(err error) bool { return sys.IsClosed(err) }

// Admit lets everybody enter d, and see what is in it.
func (d *Dir) Admit(a Access) error {
	return classify("set permissions of", d.path, d.sys.Chmod(a.folder()|0o055))
}

// Accept returns the connection of the next who connects.
func (s *Socket) Accept() (*Socket, error) {
	c, err := s.sys.Accept()
	if err != nil {
		return nil, classify("accept at", s.path, err)
	}
	return &Socket{c, s.path}, nil
}

// Peer returns who is at the other end.
func (s *Socket) Peer() (Peer, error) {
	p, err := s.sys.Peer()
	return p, classify("ask who is at", s.path, err)
}

// SetDeadline sets when calls give up; the zero time is never.
func (s *Socket) SetDeadline(t time.Time) error { return s.sys.SetDeadline(t) }

// Send sends b as one message, and f with it if that is not nil.
func (s *Socket) Send(b []byte, f *File) error {
	var with *sys.File
	if f != nil {
		with = &f.sys
	}
	return classify("send to", s.path, s.sys.Send(b, with))
}

// Receive receives a message of at most len(b) bytes without files, and returns how
// many it has, 0 when the other end is gone.
func (s *Socket) Receive(b []byte) (int, error) {
	n, _, err := s.sys.Receive(b, false)
	if IsClosed(err) {
		return 0, nil
	}
	return n, classify("receive from", s.path, err)
}

// ReceiveFile is Receive for a message that may come with one file; if not, f is nil.
func (s *Socket) ReceiveFile(b []byte, name string) (n int, f *File, err error) {
	n, files, err := s.sys.Receive(b, true)
	if IsClosed(err) {
		return 0, nil, nil
	}
	if len(files) == 1 {
		f = &File{sys: files[0], path: s.path + ": " + name}
	}
	return n, f, classify("receive from", s.path, err)
}

// Close closes this end, at once: calls that wait return.
func (s *Socket) Close() error {
	if err := s.sys.Close(); !errors.Is(err, os.ErrClosed) {
		return classify("close", s.path, err)
	}
	return nil
}
