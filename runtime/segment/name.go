package segment

import (
	"fmt"
	"strings"
)

// MaxNameLen is the longest channel name in bytes.
const MaxNameLen = 200

// A NameError says why a text cannot name a channel. It is an [ErrName].
type NameError struct {
	Name   string
	Reason string
}

func (e *NameError) Error() string {
	name := e.Name
	if len(name) > MaxNameLen {
		name = name[:MaxNameLen] + "..."
	}
	return fmt.Sprintf("%q cannot name a channel: %s", name, e.Reason)
}

func (e *NameError) Unwrap() error { return ErrName }

// CheckName returns a [NameError] unless name can name a channel: 1 to
// [MaxNameLen] ASCII letters, digits and . _ -, of which the first is a letter or
// a digit. Nothing else is let through because names become names of folders,
// some of which do not tell upper from lower case: names that differ in case only
// are best avoided.
func CheckName(name string) error {
	bad := func(format string, a ...any) error {
		return &NameError{name, fmt.Sprintf(format, a...)}
	}
	switch {
	case name == "":
		return bad("it is empty")
	case len(name) > MaxNameLen:
		return bad("it has %d bytes, at most %d are allowed", len(name), MaxNameLen)
	}
	for i, r := range name {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		switch {
		case letter:
		case i == 0:
			return bad("it begins with %q, not with an ASCII letter or digit", r)
		case !strings.ContainsRune("._-", r):
			return bad("it holds %q, allowed are ASCII letters, digits and . _ -", r)
		}
	}
	if strings.HasSuffix(name, ".") {
		return bad("it ends with a dot")
	}
	return nil
}
