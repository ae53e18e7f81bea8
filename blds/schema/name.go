package schema

import (
	"fmt"
	"strconv"
	"strings"
)

// Fold returns the form in which names are compared and hashed: lower case,
// without underscores. TimeNS and time_ns are one name. Only ASCII letters are
// folded; layout refuses names with others.
func Fold(name string) string {
	if isFolded(name) {
		return name
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '_':
			return -1
		case 'A' <= r && r <= 'Z':
			return r + ('a' - 'A')
		}
		return r
	}, name)
}

func isFolded(name string) bool {
	for i := 0; i < len(name); i++ {
		if c := name[i]; c == '_' || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

// SameName reports whether Fold(a) == Fold(b), without building either.
func SameName(a, b string) bool {
	i, j := 0, 0
	for {
		for i < len(a) && a[i] == '_' {
			i++
		}
		for j < len(b) && b[j] == '_' {
			j++
		}
		if i == len(a) || j == len(b) {
			return i == len(a) && j == len(b)
		}
		if lower(a[i]) != lower(b[j]) {
			return false
		}
		i++
		j++
	}
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// FoldID folds each part of a dotted id.
func FoldID(id string) string { return Fold(id) }

// SplitID splits an id at its last dot.
func SplitID(id string) (namespace, name string) {
	if i := strings.LastIndexByte(id, '.'); i >= 0 {
		return id[:i], id[i+1:]
	}
	return "", id
}

// IsIdent reports whether name is an identifier of the language: an ASCII
// letter, then ASCII letters, digits and underscores, at most MaxName bytes.
func IsIdent(name string) bool {
	if name == "" || len(name) > MaxName {
		return false
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}

// IsID reports whether id is a dotted list of identifiers, at most MaxID bytes.
func IsID(id string) bool {
	if len(id) > MaxID {
		return false
	}
	for part := range strings.SplitSeq(id, ".") {
		if !IsIdent(part) {
			return false
		}
	}
	return true
}

// Version is a version of three numbers, each at most 65535.
type Version struct{ Major, Minor, Patch uint16 }

// String returns the version as major.minor.patch.
func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch) }

// ParseVersion reads three decimal numbers without sign or leading zeros.
func ParseVersion(s string) (Version, error) {
	var v Version
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return v, fmt.Errorf("version %q is not of the form major.minor.patch", s)
	}
	for i, p := range []*uint16{&v.Major, &v.Minor, &v.Patch} {
		n, err := strconv.ParseUint(parts[i], 10, 16)
		if err != nil || strconv.FormatUint(n, 10) != parts[i] {
			return Version{}, fmt.Errorf("version %q: %q is not a number from 0 to 65535", s, parts[i])
		}
		*p = uint16(n)
	}
	return v, nil
}
