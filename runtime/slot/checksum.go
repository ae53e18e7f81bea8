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
type ChecksumError struct{ Seq uint64 }

func (e *ChecksumError) Error() string {
	return fmt.Sprintf("value %d: %v: it was skipped", e.Seq, ErrChecksum)
}

func (e *ChecksumError) Unwrap() error { return ErrChecksum }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum returns the checksum over the stamp, then the slot's bytes from the
// timestamp and the length, as far as there are any, then the n bytes of the
// value. b is the slot behind its stamp. CRC32C stands in the first 4 bytes.
func (v *view) checksum(b []byte, stamp uint64, n uint32) [32]byte {
	var head [24]byte
	binary.LittleEndian.PutUint64(head[:], stamp)
	k := 8
	if at := v.plan.TimestampOff; at != None {
		k += copy(head[k:], b[at-8:][:timestampSize])
	}
	if at := v.plan.LengthOff; at != None {
		k += copy(head[k:], b[at-8:][:lengthSize])
	}
	value := b[v.plan.PayloadOff-8:][:n]
	if v.conf.ChecksumType == hdr.ChecksumTypeCrc32c {
		var sum [32]byte
		binary.LittleEndian.PutUint32(sum[:], crc32.Update(crc32.Checksum(head[:k], castagnoli), castagnoli, value))
		return sum
	}
	inner := blake3.Sum256(value)
	return blake3.Sum256(append(head[:k:k], inner[:]...))
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
	sum := w.checksum(b, stamp, w.valueLen(b))
	copy(b[w.plan.ChecksumOff-8:][:w.conf.sumSize()], sum[:])
}

// sumFits reports whether the value in b has the checksum that stands with it.
func (r *Reader) sumFits(b []byte, stamp uint64) bool {
	sum := r.checksum(b, stamp, r.valueLen(b))
	n := r.conf.sumSize()
	return string(b[r.plan.ChecksumOff-8:][:n]) == string(sum[:n])
}
