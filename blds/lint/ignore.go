package lint

import (
	"cmp"
	"fmt"
	"go/scanner"
	"go/token"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pylabhub/datahub/blds/diag"
	"github.com/pylabhub/datahub/blds/schema"
)

// A Source is the text of a file in which findings may be ignored.
type Source struct {
	Name string // as in positions
	Text []byte
}

// An ignore is one comment "blds:ignore CODE reason".
type ignore struct {
	code schema.Code
	pos  schema.Pos
	line int // the line below that is no comment
	used bool
}

// Suppress takes the findings out that an ignore comment in the sources covers:
// one on the same line, or above it with nothing but comments between. Comments
// that cover nothing and comments that are not complete are findings too. Only
// findings of lint can be ignored; other problems pass unchanged.
func Suppress(problems []schema.Problem, sources []Source) []schema.Problem {
	byFile := map[string][]*ignore{}
	var all []*ignore
	var out []schema.Problem
	for _, src := range sources {
		if _, seen := byFile[src.Name]; seen {
			continue
		}
		list, bad := ignores(src)
		byFile[src.Name] = list
		all = append(all, list...)
		out = append(out, bad...)
	}
	for _, p := range problems {
		covered := false
		for _, ig := range byFile[p.Pos.File] {
			if ig.code == p.Code && (ig.pos.Line == p.Pos.Line || ig.line == p.Pos.Line) {
				ig.used, covered = true, true
			}
		}
		if !covered {
			out = append(out, p)
		}
	}
	for _, ig := range all {
		if !ig.used {
			out = append(out, schema.Problem{Code: schema.CodeUnusedIgnore, Pos: ig.pos,
				Message: fmt.Sprintf("nothing to ignore: %s is not reported here", ig.code), Remedy: "remove the comment"})
		}
	}
	slices.SortStableFunc(out, func(a, b schema.Problem) int {
		return cmp.Or(a.Pos.Compare(b.Pos), cmp.Compare(a.Code, b.Code))
	})
	return out
}

// A comment is a line comment: the text behind the slashes and its place.
type comment struct {
	text      string
	line, col int
	whole     bool // nothing else stands on the line
}

// ignores finds the ignore comments of a file, and those that are wrong.
func ignores(src Source) (list []*ignore, bad []schema.Problem) {
	scan := bldsComments
	if filepath.Ext(src.Name) == ".go" {
		scan = goComments
	}
	comments := scan(src.Text)
	whole := map[int]bool{}
	for _, c := range comments {
		if c.whole {
			whole[c.line] = true
		}
	}
	for _, c := range comments {
		args, ok := strings.CutPrefix(c.text, "blds:ignore")
		if !ok || args != "" && args[0] != ' ' && args[0] != '\t' {
			continue
		}
		pos := schema.Pos{File: src.Name, Line: c.line, Col: c.col, Len: len(c.text) + 2}
		word, reason, _ := strings.Cut(strings.TrimSpace(args), " ")
		code := schema.Code(word)
		_, known := diag.Explain(code)
		fault := func(message, remedy string) {
			bad = append(bad, schema.Problem{Code: schema.CodeBadIgnore, Pos: pos, Message: message, Remedy: remedy})
		}
		switch {
		case word == "":
			fault("the ignore comment names no code", `write "blds:ignore CODE reason"`)
		case !known:
			fault(fmt.Sprintf("%q is not a code", word), nearCode(word))
		case !diag.IsLint(code):
			fault(fmt.Sprintf("%s is an error and cannot be ignored", code), "remove the comment and mend the error")
		case code == schema.CodeUnusedIgnore || code == schema.CodeBadIgnore:
			fault(fmt.Sprintf("%s is about ignore comments and cannot be ignored", code), "remove the comment")
		case strings.TrimSpace(reason) == "":
			fault("the ignore comment gives no reason", fmt.Sprintf("write \"blds:ignore %s\" and why", code))
		default:
			ig := &ignore{code: code, pos: pos}
			if c.whole {
				for ig.line = c.line + 1; whole[ig.line]; ig.line++ {
				}
			}
			list = append(list, ig)
		}
	}
	return list, bad
}

func nearCode(word string) string {
	var codes []string
	for _, r := range Rules() {
		codes = append(codes, string(r.Code))
	}
	if near := schema.Nearest(word, codes); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "use the code that lint printed"
}

// goComments finds line comments in Go text. A directive has no space behind
// the slashes.
func goComments(text []byte) []comment {
	var out []comment
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(file, text, nil, scanner.ScanComments)
	lastLine := 0
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return out
		}
		if tok == token.SEMICOLON && lit == "\n" {
			continue // made up by the scanner
		}
		at := file.PositionFor(pos, false)
		if tok == token.COMMENT && strings.HasPrefix(lit, "//") {
			out = append(out, comment{strings.TrimRight(lit[2:], "\r"), at.Line, at.Column, at.Line != lastLine})
		}
		lastLine = at.Line + strings.Count(lit, "\n")
	}
}

// bldsComments finds comments in .blds text that are no doc comments. A space
// may stand behind the slashes.
func bldsComments(text []byte) []comment {
	var out []comment
	for i, line := range strings.Split(string(text), "\n") {
		at := commentAt(line)
		if at < 0 {
			continue
		}
		body := strings.TrimRight(line[at+2:], "\r")
		if strings.HasPrefix(body, "/") {
			body = "" // a doc comment is text
		}
		out = append(out, comment{strings.TrimLeft(body, " \t"), i + 1, at + 1, strings.TrimSpace(line[:at]) == ""})
	}
	return out
}

// commentAt returns where the comment of a line begins, -1 if it has none. The
// slashes of a string are none, and strings do not go over line ends.
func commentAt(line string) int {
	inString := false
	for i := 0; i < len(line); i++ {
		switch {
		case inString && line[i] == '\\':
			i++
		case line[i] == '"':
			inString = !inString
		case !inString && strings.HasPrefix(line[i:], "//"):
			return i
		}
	}
	return -1
}
