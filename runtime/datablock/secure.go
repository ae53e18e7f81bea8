package datablock

import "github.com/pylabhub/datahub/runtime/segment"

// SecureOptions say who may read a secure channel. The zero value: the producer's own
// user, and root.
type SecureOptions = segment.Secure

// What a secure channel may report besides, for errors.Is.
var (
	ErrNotAllowed = segment.ErrNotAllowed // the producer does not let this user read; an fs.ErrPermission
	ErrSeals      = segment.ErrSeals      // what came from the producer is not sealed
	ErrEnded      = segment.ErrEnded      // its producer has died, and there is no other yet; an ErrNotFound
	ErrNoAnswer   = segment.ErrNoAnswer   // its producer is stopped, or hangs; an os.ErrDeadlineExceeded
	ErrHandshake  = segment.ErrHandshake  // what answers at the socket is no producer of this version
	// ErrUnsupported: this system does not have it. Secure channels need Linux 5.1.
	ErrUnsupported = segment.ErrUnsupported
)

// Secure makes a channel for consumers that are not trusted: none can harm the
// producer, or another consumer, more than by being slow where the policy lets the
// producer wait. It lives and dies with its producer, so what nobody has read is gone
// with that ([Keep] has no effect), and has neither spinlocks nor a shared flexible
// zone. docs/secure-mode.md says what it costs, and what it does not protect from.
//
// At most one SecureOptions counts, a producer's. To a consumer or observer Secure
// says that the channel must be a secure one: one that is is found without it, too.
func Secure(who ...SecureOptions) Option {
	return func(o *options) {
		o.segment.Secure = new(SecureOptions)
		if len(who) > 0 {
			*o.segment.Secure = who[0]
		}
	}
}
