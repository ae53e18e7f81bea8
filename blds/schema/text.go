package schema

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckText tells what is wrong with the text of an attribute: more than
// MaxText bytes, not UTF-8, a control character. It returns "" if nothing is.
func CheckText(s string) string { return checkText(s, MaxText, "") }

// CheckDoc does the same for a doc comment: MaxDoc bytes, and line feeds and
// tabs are allowed.
func CheckDoc(s string) string { return checkText(s, MaxDoc, "\n\t") }

func checkText(s string, limit int, allowed string) string {
	if s == "" {
		return ""
	}
	switch {
	case len(s) > limit:
		return fmt.Sprintf("has %d bytes, at most %d are allowed", len(s), limit)
	case !utf8.ValidString(s):
		return "is not UTF-8"
	case strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) && !strings.ContainsRune(allowed, c) }):
		return "has a control character"
	}
	return ""
}
