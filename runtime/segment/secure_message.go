package segment

import (
	"encoding/binary"
	"fmt"

	"github.com/pylabhub/datahub/runtime/shm"
)

// The two sides of a secure channel say six things to each other; docs/secure-mode.md
// tells in which order. Each is one message of 32 bytes:
//
//	0   8  magic
//	8   2  version of the conversation
//	10  2  what is said
//	12  4  a number that belongs to it
//	16  16 zero
const (
	messageMagic   = "DHSECURE"
	messageVersion = 1
	messageSize    = 32
)

// What is said.
const (
	sayConsume  = 1 // consumer: give me a place
	sayObserve  = 2 // observer: let me look
	sayData     = 3 // producer, with the data file
	sayControl  = 4 // producer, with the control file
	sayMapped   = 5 // consumer: I have it; number: 1 if it is of another schema than mine
	sayGo       = 6 // producer: begin; number: of the consumer's cell
	sayRefused  = 7 // producer; number: why
	otherSchema = 1
)

// Why a producer refuses.
const (
	refusedUser    = 1 // this user may not
	refusedFull    = 2 // no place is free
	refusedMany    = 3 // this user has as many places as one may have
	refusedBusy    = 4 // too many look on, or shake hands
	refusedVersion = 5 // another version of the conversation
	refusedFailed  = 6 // the producer is out of memory or files
)

// A message is one of them.
type message struct{ what, number uint32 }

func (m message) bytes() []byte {
	b := make([]byte, messageSize)
	copy(b, messageMagic)
	binary.LittleEndian.PutUint16(b[8:], messageVersion)
	binary.LittleEndian.PutUint16(b[10:], uint16(m.what))
	binary.LittleEndian.PutUint32(b[12:], m.number)
	return b
}

// errHungUp is returned if the other side has ended the conversation: it may be gone,
// or have too many callers. Call again.
var errHungUp = fmt.Errorf("%w: it hung up", ErrHandshake)

// errVersion is returned for a message of another version.
var errVersion = fmt.Errorf("%w: it is of another version: build both programs with one version of the library", ErrHandshake)

// parseMessage reads what somebody else sent, which may be anything.
func parseMessage(b []byte) (message, error) {
	if len(b) < 10 || string(b[:8]) != messageMagic {
		return message{}, fmt.Errorf("%w: %d bytes that are no message", ErrHandshake, len(b))
	}
	if binary.LittleEndian.Uint16(b[8:]) != messageVersion {
		return message{}, errVersion
	}
	if len(b) != messageSize || [16]byte(b[16:]) != [16]byte{} {
		return message{}, fmt.Errorf("%w: a message of %d bytes", ErrHandshake, len(b))
	}
	return message{uint32(binary.LittleEndian.Uint16(b[10:])), binary.LittleEndian.Uint32(b[12:])}, nil
}

// receive waits for a message without a file.
func receive(c *shm.Socket) (message, error) {
	var b [messageSize]byte
	n, err := c.Receive(b[:])
	if err != nil {
		return message{}, err
	}
	if n == 0 {
		return message{}, errHungUp
	}
	return parseMessage(b[:n])
}
