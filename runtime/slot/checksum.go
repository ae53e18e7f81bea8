package slot

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"lukechampine.com/blake3"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// A ChecksumError says which value did not match its checksum. It is an
// ErrChecksum.
type ChecksumError struct {
	Seq     uint64
	Skipped bool // it was not delivered: the checksum is enforced
}

func (e *ChecksumError) Error() string {
	if e.Skipped {
		return fmt.Sprintf("value %d: %v: it was skipped", e.Seq, ErrChecksum)
	}
	return fmt.Sprintf("value %d: %v", e.Seq, ErrChecksum)
}

func (e *ChecksumError) Unwrap() error { return ErrChecksum }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A summer computes checksums without allocating.
type summer struct {
	head [24 + 32]byte
	sum  [32]byte
}

// checksum returns the checksum over the stamp, then the slot's timestamp and
// length, as far as there are any, then the n bytes of the value. b is the slot
// behind its stamp. CRC32C is of all that in a row; BLAKE3 has the hash of the
// value in its place.
func (v *view) checksum(s *summer, b []byte, stamp uint64, n uint32) []byte {
	binary.LittleEndian.PutUint64(s.head[:], stamp)
	k := 8
	if at := v.plan.TimestampOff; at != None {
		k += copy(s.head[k:], b[at-8:][:timestampSize])
	}
	if at := v.plan.LengthOff; at != None {
		k += copy(s.head[k:], b[at-8:][:lengthSize])
	}
	value := b[v.plan.PayloadOff-8:][:n]
	if v.conf.ChecksumType == hdr.ChecksumTypeCrc32c {
		crc := crc32.Update(crc32.Checksum(s.head[:k], castagnoli), castagnoli, value)
		binary.LittleEndian.PutUint64(s.sum[:], uint64(crc))
		return s.sum[:8]
	}
	inner := blake3.Sum256(value)
	k += copy(s.head[k:], inner[:])
	s.sum = blake3.Sum256(s.head[:k])
	return s.sum[:]
}

// valueLen returns how many bytes of the value in b are meant.
func (v *view) valueLen(b []byte) uint32 {
	if at := v.plan.LengthOff; at != None {
		return min(binary.NativeEndian.Uint32(b[at-8:]), v.plan.PayloadSize)
	}
	return v.plan.PayloadSize
}

// sum writes the checksum of the value at off that will have that stamp.
func (w *Writer) sum(off uintptr, stamp uint64) {
	b := w.buf.Bytes(off+8, w.stride-8)
	copy(b[w.plan.ChecksumOff-8:], w.checksum(&w.summer, b, stamp, w.valueLen(b)))
}

// Sum makes the next commit store the checksums of the claimed values, in a block
// where that is left to the program. Where it is not, they are stored anyway.
func (w *Writer) Sum() error {
	switch {
	case w.claimed == 0:
		return ErrNoLoan
	case !w.conf.checksums():
		return fmt.Errorf("%w: it has no checksums", ErrNotSupported)
	}
	w.summed = true
	return nil
}

// Verify checks the i-th value in use against its checksum: a *ChecksumError if it
// does not match, or if its writer has not called Sum. The value stays in use.
func (r *Reader) Verify(i int) error {
	switch {
	case uint64(i) >= r.held:
		return r.noLoan()
	case !r.conf.checksums():
		return fmt.Errorf("%w: it has no checksums", ErrNotSupported)
	}
	if seq := r.pos + uint64(i); !r.sumFits(r.bytes(uint64(i)), seq+1) {
		r.count.ChecksumFailures++
		return &ChecksumError{Seq: seq}
	}
	return nil
}

// sumFits reports whether the value in b has the checksum that stands with it.
func (r *Reader) sumFits(b []byte, stamp uint64) bool {
	sum := r.checksum(&r.summer, b, stamp, r.valueLen(b))
	return string(b[r.plan.ChecksumOff-8:][:len(sum)]) == string(sum)
}
