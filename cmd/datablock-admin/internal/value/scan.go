package value

import (
	"fmt"
	"strings"
)

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenText // in quotes
	tokenOperator
)

type token struct {
	kind tokenKind
	text string
	col  int // from 1
}

func (t token) errorf(expression, format string, args ...any) error {
	return &FilterError{expression, t.col, fmt.Sprintf(format, args...)}
}

// scan splits an expression. The last token is the end.
func scan(s string) ([]token, error) {
	var out []token
	for i := 0; ; {
		for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n') {
			i++
		}
		if i == len(s) {
			return append(out, token{tokenEnd, "the end", i + 1}), nil
		}
		t := token{col: i + 1}
		start := i
		switch c := s[i]; {
		case c == '"' || c == '\'':
			end := strings.IndexByte(s[i+1:], c)
			if end < 0 {
				return nil, t.errorf(s, "text without an end: %s is missing", string(c))
			}
			t.kind, t.text = tokenText, s[i+1:i+1+end]
			i += end + 2
		case strings.IndexByte("=!<>", c) >= 0:
			for i < len(s) && strings.IndexByte("=!<>", s[i]) >= 0 {
				i++
			}
			t.kind, t.text = tokenOperator, s[start:i]
			if t.text == "==" {
				t.text = "="
			}
		default:
			for i < len(s) && strings.IndexByte(" \t\n=!<>'\"", s[i]) < 0 {
				i++
			}
			t.kind, t.text = tokenWord, s[start:i]
		}
		out = append(out, t)
	}
}
