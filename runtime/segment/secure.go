package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/shm"
)

// Secure makes a channel for readers that are not trusted. Its memory is in no
// folder: consumers get it through a socket, from the producer, who sees who they
// are. It is sealed, so nobody can cut it short, or write what is the producer's;
// what a consumer has to say it says in memory that it has to itself. Such a
// channel lives and dies with its producer: there is no takeover. It has neither
// spinlocks nor a shared flexible zone, and at most [MaxSecureConsumers] consumers.
//
// The zero Secure lets in who has the same user as the producer, and root. Only
// these see what other consumers do, as observers.
type Secure struct {
	// UIDs are other users that may read, GIDs groups whose members may. They must be
	// able to enter the root; see [Options.Root].
	UIDs, GIDs []int
	// PerUser is how many consumers another user than the producer's own may have at a
	// time; 0 is as many as there are.
	PerUser int
}

// MaxSecureConsumers is how many consumers a secure channel can have: the producer
// sleeps on a word of each.
const MaxSecureConsumers = shm.MaxWaitAny - 1

// What a secure channel may report besides, for errors.Is.
var (
	// ErrNotAllowed: the producer of a secure channel does not let this user read. It is
	// an fs.ErrPermission.
	ErrNotAllowed = fmt.Errorf("%w: the producer does not let this user read", fs.ErrPermission)
	// ErrEnded: the producer of a secure channel has died. Nothing but the name is left,
	// which its next producer, or [Remove], takes. It is an [ErrNotFound].
	ErrEnded = errors.New("secure channel has ended")
	// ErrNoAnswer: the producer is there, and does not answer. It is an
	// os.ErrDeadlineExceeded; see [NoAnswerError].
	ErrNoAnswer = errors.New("producer does not answer")
	// ErrSeals: memory that came from a producer can still be cut, or written by others.
	ErrSeals = errors.New("memory is not sealed")
	// ErrHandshake: what answers at the socket of a channel is no producer of this
	// version, or none at all.
	ErrHandshake = errors.New("producer does not answer as expected")
)

// A NoAnswerError says which process holds a secure channel and does not answer at its
// socket: it is stopped, or hangs, or the machine is very busy. It is an [ErrNoAnswer].
type NoAnswerError struct {
	Path  string
	PID   int // of the process that made the socket, 0 if it could not be asked
	After time.Duration
}

func (e *NoAnswerError) Error() string {
	return fmt.Sprintf("%s: %v for %v (pid %d): see whether its process is stopped", e.Path, ErrNoAnswer, e.After, e.PID)
}

// Unwrap returns both classes.
func (e *NoAnswerError) Unwrap() []error { return []error{ErrNoAnswer, os.ErrDeadlineExceeded} }

// Seals of what is handed out. Data and figures are written by the producer only,
// who has mapped them before; a desk gets the last two when its consumer has mapped
// it.
const (
	fixedSize = shm.SealShrink | shm.SealGrow
	closed    = shm.SealFutureWrite | shm.SealSeal
)

// errNoSecure says where there are no secure channels.
type errNoSecure struct{}

func (errNoSecure) Error() string { return "secure channels need Linux 5.1 or later" }

func (errNoSecure) Is(target error) bool {
	return target == ErrUnsupported || target == errors.ErrUnsupported
}

// secured explains an error of a system that lacks what secure channels need.
func secured(err error) error {
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, ErrUnsupported) {
		return errNoSecure{}
	}
	return err
}

// check refuses what a secure channel cannot have.
func (s *Secure) check(d *design) error {
	var errs []error
	bad := func(field, format string, a ...any) {
		errs = append(errs, &ConfigError{Field: field, Reason: fmt.Sprintf(format, a...)})
	}
	if d.conf.Spinlocks != 0 {
		bad("Spinlocks", "a secure channel has none: what a consumer locks, others wait for")
	}
	if d.conf.FlexMode == hdr.FlexModeShared {
		bad("FlexMode", "Shared needs a spinlock, which a secure channel does not have: choose DoubleBuffered")
	}
	if d.plan.Consumers > MaxSecureConsumers {
		bad("Consumers", "%d given, a secure channel has at most %d", d.plan.Consumers, MaxSecureConsumers)
	}
	if s.PerUser < 0 {
		bad("Secure.PerUser", "%d is below 0", s.PerUser)
	}
	return errors.Join(errs...)
}

// open reports whether others than the owner, or a group, are to find the socket.
func (s *Secure) open() bool { return len(s.UIDs)+len(s.GIDs) != 0 }

// allows reports whether p may read.
func (s *Secure) allows(p *shm.Peer) bool {
	return own(p) || slices.Contains(s.UIDs, int(p.UID)) ||
		slices.ContainsFunc(p.GIDs, func(g uint32) bool { return slices.Contains(s.GIDs, int(g)) })
}

// own reports whether p is of the producer's user, or root.
func own(p *shm.Peer) bool { return int(p.UID) == shm.Self().UID || p.UID == 0 }

// isSecure reports whether the block in dir is that of a secure channel.
func isSecure(dir *shm.Dir) bool {
	_, err := dir.Stat(shm.SocketName)
	return err == nil
}

// secureMismatch says that a block is, or is not, of a secure channel, other than a
// program wants it.
func secureMismatch(channel string, writer Process, want bool) error {
	return &PolicyMismatchError{Channel: channel, Writer: writer,
		Diff: []FieldDiff{{"Secure", fmt.Sprint(want), fmt.Sprint(!want)}}}
}
