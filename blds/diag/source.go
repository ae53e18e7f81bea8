package diag

import (
	"bytes"
	"unicode/utf8"

	"github.com/pylabhub/datahub/blds/schema"
)

// sources caches the files that diagnostics point into.
type sources struct {
	read  func(string) ([]byte, error)
	files map[string]*source
}

type source struct {
	text  []byte
	lines []int // offset of each line
}

// line returns the text of p's line without its end, and whether there is one.
func (s *sources) line(p schema.Pos) ([]byte, bool) {
	if !p.IsValid() || p.Col < 1 {
		return nil, false
	}
	f, ok := s.files[p.File]
	if !ok {
		f = &source{}
		if text, err := s.read(p.File); err == nil {
			f.text, f.lines = text, []int{0}
			for i, c := range text {
				if c == '\n' {
					f.lines = append(f.lines, i+1)
				}
			}
		}
		if s.files == nil {
			s.files = make(map[string]*source)
		}
		s.files[p.File] = f
	}
	if p.Line > len(f.lines) {
		return nil, false
	}
	rest := f.text[f.lines[p.Line-1]:]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	rest = bytes.TrimSuffix(rest, []byte("\r"))
	return rest, p.Col <= len(rest)+1
}

// columns returns the first and the end column of p counted in code points
// from 1, as GitHub and SARIF want them. Without the source, bytes must do.
func (s *sources) columns(p schema.Pos) (start, end int) {
	line, ok := s.line(p)
	if !ok {
		return p.Col, p.Col + max(p.Len, 1)
	}
	start = 1 + utf8.RuneCount(line[:p.Col-1])
	to := min(p.Col-1+max(p.Len, 1), len(line))
	return start, max(1+utf8.RuneCount(line[:to]), start+1)
}
