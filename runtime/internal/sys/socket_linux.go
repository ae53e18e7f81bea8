package sys

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Socket is an end of a connection between two processes of this machine, or
// waits for such. What is sent through it are messages: each arrives as a whole or
// not at all. Methods may be called concurrently.
type Socket struct {
	file *os.File // non-blocking: who waits holds no thread
	conn syscall.RawConn
}

// ErrMessage is returned for a message that is longer than expected, or has more
// files with it. Those that came are closed.
var ErrMessage = errors.New("not the message that was expected")

func newSocket(fd int, err error) (*Socket, error) {
	if err != nil {
		return nil, err
	}
	s := &Socket{file: os.NewFile(uintptr(fd), "socket")}
	if s.conn, err = s.file.SyscallConn(); err != nil {
		return nil, errors.Join(err, s.file.Close())
	}
	return s, nil
}

// at calls fn with an address of name in d, whose path is path. The first that it
// tries is short, wherever d is, and leads to this very folder. A process that has
// changed its user may not use it, and somebody may live without /proc.
func (d Dir) at(path, name string, fn func(unix.Sockaddr) error) error {
	err := fn(&unix.SockaddrUnix{Name: filepath.Join("/proc/self/fd", strconv.Itoa(d.fd), name)})
	if err == unix.EACCES || err == unix.ENOENT {
		if e := fn(&unix.SockaddrUnix{Name: filepath.Join(path, name)}); e != unix.EINVAL { // too long
			err = e
		}
	}
	return err
}

const socketType = unix.SOCK_SEQPACKET | unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC

// Listen makes a socket called name in d, whose path is path, with these permissions,
// to which others can connect.
func (d Dir) Listen(path, name string, perm uint32) (*Socket, error) {
	s, err := newSocket(unix.Socket(unix.AF_UNIX, socketType, 0))
	if err != nil {
		return nil, err
	}
	err = s.control(func(fd int) error {
		// Nobody can connect before Listen.
		if err := d.at(path, name, func(a unix.Sockaddr) error { return unix.Bind(fd, a) }); err != nil {
			return err
		}
		if err := unix.Fchmodat(d.fd, name, perm, 0); err != nil {
			return err
		}
		return unix.Listen(fd, unix.SOMAXCONN)
	})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// connectPause is how long to wait before trying again to connect to somebody who
// has more callers than the system lets wait.
const connectPause = time.Millisecond

// Connect connects to the socket called name in d, whose path is path, in the time
// that timeout says. If nobody listens the error is [IsRefused].
func (d Dir) Connect(path, name string, timeout time.Duration) (*Socket, error) {
	s, err := newSocket(unix.Socket(unix.AF_UNIX, socketType, 0))
	if err != nil {
		return nil, err
	}
	end := time.Now().Add(timeout)
	for {
		err := s.control(func(fd int) error {
			return d.at(path, name, func(a unix.Sockaddr) error { return unix.Connect(fd, a) })
		})
		switch {
		case err == nil:
			return s, nil
		case err == unix.EAGAIN && time.Now().Before(end):
			time.Sleep(connectPause)
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			return nil, errors.Join(os.ErrDeadlineExceeded, s.Close())
		default:
			return nil, errors.Join(err, s.Close())
		}
	}
}

// IsRefused reports whether err says that there is a socket and nobody listens.
func IsRefused(err error) bool { return is(err, unix.ECONNREFUSED) }

// IsClosed reports whether err says that the other end of a connection is gone.
func IsClosed(err error) bool { return is(err, unix.EPIPE, unix.ECONNRESET, unix.ENOTCONN) }

// control calls fn with the descriptor.
func (s *Socket) control(fn func(fd int) error) error {
	var err error
	if e := s.conn.Control(func(fd uintptr) { err = fn(int(fd)) }); e != nil {
		return e
	}
	return err
}

// wait calls fn with the descriptor until it returns something else than EAGAIN,
// each time there may be something for it, until the deadline.
func wait(how func(func(uintptr) bool) error, fn func(fd int) error) error {
	var err error
	e := how(func(fd uintptr) bool {
		err = again(func() error { return fn(int(fd)) })
		return err != unix.EAGAIN
	})
	if e != nil {
		return e
	}
	return err
}

// Accept returns the connection of the next who connects.
func (s *Socket) Accept() (*Socket, error) {
	var fd int
	err := wait(s.conn.Read, func(on int) (err error) {
		fd, _, err = unix.Accept4(on, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == unix.ECONNABORTED {
			err = unix.EAGAIN
		}
		return err
	})
	return newSocket(fd, err)
}

// A Peer is the process at the other end, as the kernel saw it when it connected, or
// began to listen.
type Peer struct {
	PID    int
	UID    uint32
	GIDs   []uint32
	Groups bool // all of its groups are there, not only the first
}

// Peer returns who is at the other end.
func (s *Socket) Peer() (p Peer, err error) {
	err = s.control(func(fd int) error {
		c, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
		if err != nil {
			return err
		}
		p = Peer{PID: int(c.Pid), UID: c.Uid, GIDs: []uint32{c.Gid}}
		if more, err := peerGroups(fd); err == nil {
			p.GIDs, p.Groups = append(p.GIDs, more...), true
		}
		return nil
	})
	return p, err
}

// SetDeadline sets when Accept, Send and Receive give up; the zero time is never.
func (s *Socket) SetDeadline(t time.Time) error { return s.file.SetDeadline(t) }

// Send sends b as one message, and f with it if that is not nil.
func (s *Socket) Send(b []byte, f *File) error {
	var rights []byte
	if f != nil {
		rights = unix.UnixRights(f.fd)
	}
	return wait(s.conn.Write, func(fd int) error {
		_, err := unix.SendmsgN(fd, b, rights, nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
		return err
	})
}

// Receive receives one message of at most len(b) bytes, and returns how many it has;
// 0 at the end of the connection. If file, one file may come with the message, and is
// returned in a slice; more, or a longer message, are [ErrMessage].
func (s *Socket) Receive(b []byte, file bool) (int, []File, error) {
	var n, flags int
	var rights []byte
	err := wait(s.conn.Read, func(fd int) (err error) {
		oob := make([]byte, unix.CmsgSpace(2*4)) // what has no room here the kernel closes
		if !file {
			oob = nil
		}
		var oobn int
		n, oobn, flags, _, err = unix.Recvmsg(fd, b, oob, unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
		if err == nil {
			rights = oob[:oobn]
		}
		return err
	})
	if err != nil {
		return 0, nil, err
	}
	files := received(rights)
	if len(files) <= 1 && flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) == 0 {
		return n, files, nil
	}
	for _, f := range files {
		err = errors.Join(err, f.Close())
	}
	return 0, nil, errors.Join(ErrMessage, err)
}

// received returns the files that came with a message.
func received(rights []byte) (files []File) {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		return nil
	}
	for i := range messages {
		fds, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			continue
		}
		for _, fd := range fds {
			files = append(files, File{fd})
		}
	}
	return files
}

// Close closes this end, at once: a call that waits returns os.ErrClosed.
func (s *Socket) Close() error { return s.file.Close() }
