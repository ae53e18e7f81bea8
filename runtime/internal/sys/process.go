package sys

import (
	"encoding/hex"
	"fmt"
	"strings"
)

func parseUUID(s string) (id [16]byte, err error) {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(s), "-", ""))
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("boot id %q is not a UUID", s)
	}
	return [16]byte(b), nil
}
