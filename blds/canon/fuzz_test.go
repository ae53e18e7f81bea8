package canon_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/pylabhub/datahub/blds/canon"
)

// FuzzDecode feeds any bytes to the decoder: it refuses them, or they are
// exactly what the decoded schema encodes to.
func FuzzDecode(f *testing.F) {
	for _, m := range models() {
		f.Add(mustEncode(f, m.model))
	}
	for _, c := range brokenModels() {
		if c.bytes != nil {
			f.Add(c.bytes)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := canon.Decode(b)
		if err != nil {
			if !errors.Is(err, canon.ErrInvalid) {
				t.Fatalf("%x: got %v, want ErrInvalid", b, err)
			}
			return
		}
		again, err := canon.Encode(s)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%s encodes to %x, %v", hex.EncodeToString(b), again, err)
		}
		if _, _, err := canon.HashesOf(b); err != nil {
			t.Fatalf("%x: hashes: %v", b, err)
		}
	})
}
