package syntax

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pylabhub/datahub/blds/schema"
)

// TestTheGrammarOfTheDocumentationIsShownByGoldenFiles reads all golden texts by
// the grammars of docs/language.md, and fails where one does not fit, or where a
// production, a keyword, a mark, an attribute or a policy comes nowhere.
func TestTheGrammarOfTheDocumentationIsShownByGoldenFiles(t *testing.T) {
	g, letters := readGrammars(t)
	words, parts := map[string]bool{}, map[string]bool{}
	attrs, policies := map[string]bool{}, map[string]bool{}
	lexical := map[kind]string{tIdent: "Ident", tInt: "Int", tFloat: "Float", tVersion: "Version", tString: "String"}
	for name, a := range goldenTexts(t) {
		src := section(a, "in.blds")
		list := tokens(t, src)
		used, ok := matchTokens(g, list)
		if !ok {
			t.Errorf("%s is no file by the grammar", name)
		}
		for _, u := range used {
			words[u] = true
		}
		for i, tok := range list {
			if production := lexical[tok.kind]; production != "" {
				used, ok := matchLetters(letters, production, src[tok.off:tok.end])
				if !ok {
					t.Errorf("%s: %s is no %s by the grammar", name, src[tok.off:tok.end], production)
				}
				for _, u := range used {
					parts[u] = true
				}
			}
			if tok.kind == tAt {
				attrs[list[i+1].text] = true
			}
		}
		tree, _ := Parse(name, []byte(src))
		for _, d := range tree.Decls {
			if c, ok := d.(*Channel); ok {
				for _, p := range c.Policies {
					policies[p.Key.Text+" "+p.Value.Text] = true
					policies[p.Key.Text] = true
				}
			}
		}
	}
	for _, tt := range []struct {
		g    grammar
		seen map[string]bool
	}{{g, words}, {letters, parts}} {
		for production := range tt.g {
			if !tt.seen[production] {
				t.Errorf("no golden file shows the production %s", production)
			}
		}
		for _, l := range tt.g.literals() {
			if !tt.seen[fmt.Sprintf("%q", l)] {
				t.Errorf("no golden file shows %q", l)
			}
		}
	}
	for _, spec := range attrTable {
		if !attrs[spec.name] {
			t.Errorf("no golden file shows @%s", spec.name)
		}
	}
	for _, spec := range policyTable {
		if !policies[spec.key] {
			t.Errorf("no golden file shows the policy %s", spec.key)
		}
		if spec.words != nil {
			for _, w := range spec.words() {
				if !policies[spec.key+" "+w] {
					t.Errorf("no golden file shows the policy %s %s", spec.key, w)
				}
			}
		}
	}
}

// TestTheWordsOfTheGrammarAreThoseOfTheSource compares the literals of the
// grammar with the tables of the lexer and the parser, both ways.
func TestTheWordsOfTheGrammarAreThoseOfTheSource(t *testing.T) {
	g, _ := readGrammars(t)
	want := slices.Concat(declKeywords, memberKeywords, otherKeywords, builtins)
	for k := tLBrace; int(k) < len(kindText); k++ {
		if k != tSemi { // known only to say that it is not needed
			want = append(want, kindText[k])
		}
	}
	slices.Sort(want)
	want = slices.Compact(want)
	if got := g.literals(); !slices.Equal(got, want) {
		t.Errorf("the grammar has\n%q\nthe source has\n%q", got, want)
	}
	for _, name := range builtins {
		if !isBuiltin(name) || builtinCode(name).String() != name {
			t.Errorf("%s is no type", name)
		}
	}
	for c := schema.U8; c <= schema.Bytes; c++ {
		if !slices.Contains(builtins, c.String()) {
			t.Errorf("the language has no %s", c)
		}
	}
}

// TestTheParserAcceptsWhatTheGrammarDoes changes tokens of golden texts at random
// and compares the parser with the grammar of the documentation. The tokens
// stand on one line: where lines matter, the documentation says so in prose.
func TestTheParserAcceptsWhatTheGrammarDoes(t *testing.T) {
	g, _ := readGrammars(t)
	var texts [][]token
	var pool []string
	for _, a := range goldenTexts(t) {
		src := section(a, "in.blds")
		list := tokens(t, src)
		if len(list) < 400 {
			texts = append(texts, list)
		}
		for i := range list {
			pool = append(pool, spelling(&list[i]))
		}
	}
	slices.Sort(pool)
	pool = slices.Compact(pool)
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	accepted := 0
	for range 20_000 {
		list := texts[rnd.IntN(len(texts))]
		var words []string
		for i := range list {
			words = append(words, spelling(&list[i]))
		}
		for range 1 + rnd.IntN(2) {
			i := rnd.IntN(len(words))
			switch rnd.IntN(4) {
			case 0:
				words = slices.Delete(words, i, i+1)
			case 1:
				words = slices.Insert(words, i, pool[rnd.IntN(len(pool))])
			case 2:
				words[i] = pool[rnd.IntN(len(pool))]
			case 3:
				words[i] = words[rnd.IntN(len(words))]
			}
		}
		src := strings.Join(words, " ")
		_, problems := Parse("f", []byte(src))
		_, ok := matchTokens(g, tokens(t, src))
		if ok != (len(problems) == 0) {
			t.Fatalf("seed %d: by the grammar %t, the parser says:\n%s\n%s", seed, ok, show(problems), src)
		}
		if ok {
			accepted++
		}
	}
	if accepted < 500 {
		t.Errorf("seed %d: only %d texts were accepted", seed, accepted)
	}
}

// spelling returns a token as it may stand anywhere.
func spelling(t *token) string {
	switch {
	case t.kind == tString:
		return quoted(t.text)
	case t.quoted:
		return "`" + t.text + "`"
	case t.kind > tString:
		return kindText[t.kind]
	}
	return t.text
}

func TestTheLexerAcceptsTheNumbersOfTheGrammar(t *testing.T) {
	_, letters := readGrammars(t)
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[0-9]([0-9_.]|[eE][+-]?|[xXoObB]|[0-9a-fA-F]|[km]){0,6}`).Draw(t, "number")
		var ps problems
		l := lexer{src: s, ps: &ps, line: 1}
		var tok token
		l.next(&tok)
		if tok.end != len(s) {
			t.Skip("several tokens")
		}
		var kinds []string
		for _, production := range []string{"Int", "Float", "Version"} {
			if _, ok := matchLetters(letters, production, s); ok {
				kinds = append(kinds, production)
			}
		}
		if (len(kinds) == 1) != (len(ps.list) == 0) || len(kinds) > 1 {
			t.Fatalf("%q is %v by the grammar, the lexer says:\n%s", s, kinds, show(ps.list))
		}
		if len(kinds) == 1 {
			if want := map[kind]string{tInt: "Int", tFloat: "Float", tVersion: "Version"}[tok.kind]; kinds[0] != want {
				t.Fatalf("%q is %s by the grammar, %s by the lexer", s, kinds[0], want)
			}
		}
	})
}
