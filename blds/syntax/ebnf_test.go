package syntax

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// A grammar is one of the two grammars of docs/language.md, by production.
type grammar map[string]*rule

// A rule is a node of a production: a sequence, a choice, and so on.
type rule struct {
	kind  byte   // 's'equence, 'c'hoice, '['option, '{'repetition, 'l'iteral, 'n'ame, 'r'ange
	text  string // of a literal or name, first and last letter of a range
	parts []*rule
}

// readGrammars returns the grammars of tokens and of letters.
func readGrammars(t *testing.T) (tokens, letters grammar) {
	t.Helper()
	doc, err := os.ReadFile("../../docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	var list []grammar
	rest := string(doc)
	for {
		_, after, ok := strings.Cut(rest, "```ebnf\n")
		if !ok {
			break
		}
		text, after, _ := strings.Cut(after, "```")
		list = append(list, parseGrammar(t, text))
		rest = after
	}
	if len(list) != 2 {
		t.Fatalf("%d grammars", len(list))
	}
	return list[0], list[1]
}

func parseGrammar(t *testing.T, text string) grammar {
	t.Helper()
	var words []string
	for line := range strings.SplitSeq(text, "\n") {
		for line = strings.TrimLeft(line, " "); line != ""; line = strings.TrimLeft(line, " ") {
			n := 0
			switch {
			case strings.HasPrefix(line, "//"):
				n, line = 0, ""
				continue
			case strings.HasPrefix(line, `"""`):
				n = 3
			case line[0] == '"':
				n = strings.IndexByte(line[1:], '"') + 2
			default:
				n = strings.IndexAny(line, " ")
				if n < 0 {
					n = len(line)
				}
			}
			words = append(words, line[:n])
			line = line[n:]
		}
	}
	g := grammar{}
	for len(words) > 0 {
		name := words[0]
		if len(words) < 3 || words[1] != "=" || g[name] != nil {
			t.Fatalf("production at %q", words[:min(4, len(words))])
		}
		p := ebnfParser{t: t, words: words[2:]}
		g[name] = p.choice()
		if len(p.words) == 0 || p.words[0] != "." {
			t.Fatalf("%s does not end: %q", name, p.words[:min(4, len(p.words))])
		}
		words = p.words[1:]
	}
	return g
}

type ebnfParser struct {
	t     *testing.T
	words []string
}

func (p *ebnfParser) choice() *rule {
	r := &rule{kind: 'c', parts: []*rule{p.sequence()}}
	for p.words[0] == "|" {
		p.words = p.words[1:]
		r.parts = append(r.parts, p.sequence())
	}
	return r
}

func (p *ebnfParser) sequence() *rule {
	r := &rule{kind: 's'}
	for {
		w := p.words[0]
		switch w {
		case "|", ")", "]", "}", ".":
			return r
		case "(", "[", "{":
			p.words = p.words[1:]
			in := p.choice()
			if want := map[string]string{"(": ")", "[": "]", "{": "}"}[w]; p.words[0] != want {
				p.t.Fatalf("want %q at %q", want, p.words[0])
			}
			if w != "(" {
				in = &rule{kind: w[0], parts: []*rule{in}}
			}
			r.parts = append(r.parts, in)
			p.words = p.words[1:]
			continue
		}
		p.words = p.words[1:]
		switch {
		case w[0] != '"':
			r.parts = append(r.parts, &rule{kind: 'n', text: w})
		case p.words[0] == "…":
			r.parts = append(r.parts, &rule{kind: 'r', text: w[1:2] + p.words[1][1:2]})
			p.words = p.words[2:]
		default:
			r.parts = append(r.parts, &rule{kind: 'l', text: w[1 : len(w)-1]})
		}
	}
}

// literals returns all literals of a grammar.
func (g grammar) literals() []string {
	var list []string
	var walk func(*rule)
	walk = func(r *rule) {
		if r.kind == 'l' {
			list = append(list, r.text)
		}
		for _, p := range r.parts {
			walk(p)
		}
	}
	for _, r := range g {
		walk(r)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// A matcher reads input by a grammar; the first alternative that fits is taken.
type matcher struct {
	g grammar
	// terminal matches a name that is no production, or a literal or range, at a
	// position, and returns where it ends, or -1.
	terminal func(r *rule, pos int) int
	// allowed restricts productions beyond the grammar, as comments there say.
	allowed func(name string, pos int) bool
	used    []string // productions and quoted literals on the way so far
}

// match returns where r ends if it begins at pos, or -1.
func (m *matcher) match(r *rule, pos int) int {
	mark := len(m.used)
	switch r.kind {
	case 's':
		for _, p := range r.parts {
			if pos = m.match(p, pos); pos < 0 {
				m.used = m.used[:mark]
				return -1
			}
		}
		return pos
	case 'c':
		for _, p := range r.parts {
			if end := m.match(p, pos); end >= 0 {
				return end
			}
		}
		return -1
	case '[':
		return max(pos, m.match(r.parts[0], pos))
	case '{':
		for {
			end := m.match(r.parts[0], pos)
			if end < 0 {
				return pos
			}
			pos = end
		}
	}
	in := m.g[r.text]
	if r.kind != 'n' || in == nil {
		end := m.terminal(r, pos)
		if end >= 0 {
			m.used = append(m.used, fmt.Sprintf("%q", r.text))
		}
		return end
	}
	if m.allowed != nil && !m.allowed(r.text, pos) {
		return -1
	}
	m.used = append(m.used, r.text)
	end := m.match(in, pos)
	if end < 0 {
		m.used = m.used[:mark]
	}
	return end
}

// matchTokens reports whether tokens are a file by the first grammar, and what
// of the grammar they use.
func matchTokens(g grammar, list []token) (used []string, ok bool) {
	kinds := map[string]kind{"Ident": tIdent, "Int": tInt, "Float": tFloat, "Version": tVersion, "String": tString}
	m := matcher{g: g, terminal: func(r *rule, pos int) int {
		if pos == len(list) {
			return -1
		}
		t := &list[pos]
		switch {
		case r.kind == 'n' && t.kind == kinds[r.text],
			r.kind == 'l' && t.is(r.text),
			r.kind == 'l' && t.kind > tString && kindText[t.kind] == r.text:
			return pos + 1
		}
		return -1
	}, allowed: func(name string, pos int) bool {
		plain := pos < len(list) && list[pos].kind == tIdent && !list[pos].quoted
		switch name {
		case "FieldName":
			return !plain || !slices.Contains(memberKeywords, list[pos].text)
		case "TypeName":
			return !plain || !isBuiltin(list[pos].text)
		}
		return true
	}}
	end := m.match(g["File"], 0)
	return append(m.used, "File"), end == len(list)
}

// matchLetters reports whether a production of the second grammar makes all of s.
func matchLetters(g grammar, production, s string) (used []string, ok bool) {
	m := matcher{g: g, terminal: func(r *rule, pos int) int {
		switch {
		case r.kind == 'l' && strings.HasPrefix(s[pos:], r.text):
			return pos + len(r.text)
		case r.kind == 'r' && pos < len(s) && r.text[0] <= s[pos] && s[pos] <= r.text[1]:
			return pos + 1
		case r.kind == 'n' && r.text == "any" && pos < len(s) && s[pos] != '"' && s[pos] != '\\':
			c, n := utf8.DecodeRuneInString(s[pos:])
			if c == '\t' || !isInvisible(c) {
				return pos + n
			}
		}
		return -1
	}}
	end := m.match(&rule{kind: 'n', text: production}, 0)
	return m.used, end == len(s)
}
