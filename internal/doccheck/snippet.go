package doccheck

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
)

var marker = regexp.MustCompile(`^<!-- source: (\S+?)(?:#(\w+))? -->$`)

// refresh returns doc with each marked code block replaced by what read gives
// for its source.
func refresh(doc []byte, read func(path string) ([]byte, error)) ([]byte, error) {
	var out bytes.Buffer
	lines := strings.SplitAfter(string(doc), "\n")
	for i := 0; i < len(lines); i++ {
		out.WriteString(lines[i])
		m := marker.FindStringSubmatch(strings.TrimRight(lines[i], "\r\n"))
		if m == nil {
			continue
		}
		if i+1 >= len(lines) || !strings.HasPrefix(lines[i+1], "```") {
			return nil, fmt.Errorf("line %d: no code block follows", i+1)
		}
		end := i + 2
		for end < len(lines) && !strings.HasPrefix(lines[end], "```") {
			end++
		}
		if end == len(lines) {
			return nil, fmt.Errorf("line %d: the code block has no end", i+2)
		}
		src, err := read(m[1])
		if err != nil {
			return nil, err
		}
		if m[2] != "" {
			if src, err = declaration(src, m[2]); err != nil {
				return nil, fmt.Errorf("%s: %w", m[1], err)
			}
		}
		out.WriteString(lines[i+1])
		out.WriteString(strings.TrimSpace(string(src)) + "\n")
		out.WriteString(lines[end])
		i = end
	}
	return out.Bytes(), nil
}

// declaration returns the text of a declaration at the top level, with its
// comment; of a function whose name begins with Example, its body.
func declaration(src []byte, name string) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", src, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	text := func(from, to token.Pos) []byte { return src[fset.Position(from).Offset:fset.Position(to).Offset] }
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.Name != name {
				continue
			}
			if strings.HasPrefix(name, "Example") {
				return body(text(d.Body.Lbrace+1, d.Body.Rbrace)), nil
			}
			return text(start(d.Doc, d.Pos()), d.End()), nil
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if t, ok := s.(*ast.TypeSpec); ok && t.Name.Name == name {
					return text(start(d.Doc, d.Pos()), d.End()), nil
				}
			}
		}
	}
	return nil, fmt.Errorf("no declaration %s", name)
}

func start(doc *ast.CommentGroup, pos token.Pos) token.Pos {
	if doc != nil {
		return doc.Pos()
	}
	return pos
}

// body takes the indentation and the expected output from the body of an
// example.
func body(b []byte) []byte {
	s := string(b)
	for _, output := range []string{"\n\t// Output:", "\n\t// Unordered output:"} {
		if i := strings.Index(s, output); i >= 0 {
			s = s[:i+1]
		}
	}
	return []byte(strings.ReplaceAll(s, "\n\t", "\n"))
}
