package syntax

import (
	"strconv"

	"github.com/pylabhub/datahub/blds/schema"
)

// foreignDecls are words of other languages for declarations.
var foreignDecls = map[string]string{
	"struct": "record", "message": "schema", "type": "record", "table": "schema", "class": "record",
	"package": "namespace", "module": "namespace", "include": "import", "using": "import", "use": "import",
	"flags": "bits", "bitset": "bits", "bitfield": "bits", "topic": "channel", "stream": "channel",
	"define": "const", "constant": "const",
}

func (p *parser) parseFile() {
	// stage counts what has been seen of the head: 1 namespace, 2 go_package,
	// 3 import, 4 a declaration.
	stage := 0
	step := func(n int, once bool, word string) {
		switch {
		case once && stage == n:
			p.ps.add(schema.CodeFileOrder, p.here(), "keep one of them", "second %s of the file", quote(word))
		case stage > n:
			p.ps.add(schema.CodeFileOrder, p.here(), "the order is namespace, go_package, imports, declarations",
				"%s stands too late", quote(word))
		default:
			stage = n
		}
	}
	for p.tok.kind != tEOF {
		ok, off := false, p.tok.off
		switch {
		case p.tok.is("namespace"):
			step(1, true, "namespace")
			ok = p.parseNamespace()
		case p.tok.is("go_package"):
			step(2, true, "go_package")
			ok = p.parseGoPackage()
		case p.tok.is("import"):
			step(3, false, "import")
			ok = p.parseImport()
		case isDeclKeyword(&p.tok):
			stage = 4
			ok = p.parseDecl()
		case p.tok.kind == tSemi || p.tok.kind == tComma:
			p.separator("declarations")
			ok = true
		default:
			if ok = p.foreignDecl(); ok {
				continue
			}
		}
		if !ok {
			p.skipToDecl(off)
		}
	}
	p.f.End = p.rest()
	p.f.normalise()
}

// foreignDecl reports what is no declaration. A word that was meant as a keyword
// is read as that keyword then.
func (p *parser) foreignDecl() bool {
	word, remedy := "", ""
	if p.tok.kind == tIdent && !p.tok.quoted {
		if word = foreignDecls[p.tok.text]; word != "" {
			remedy = "use " + word
		} else if word = schema.Nearest(p.tok.text, declKeywords); word != "" {
			remedy = "did you mean " + quote(word) + "?"
		}
	}
	p.unexpected(remedy, "a declaration")
	if word == "" {
		return false
	}
	p.tok.text = word
	return true
}

// skipToDecl goes on to the next word that can begin a declaration. The item that
// failed began at offset start.
func (p *parser) skipToDecl(start int) {
	depth := 0
	for p.tok.kind != tEOF {
		switch p.tok.kind {
		case tLBrace:
			depth++
		case tRBrace:
			depth--
		}
		if p.tok.first && p.tok.off != start && isDeclKeyword(&p.tok) && (depth <= 0 || p.tok.col == 1) {
			return
		}
		p.advance()
	}
}

// separator passes a comma or semicolon where none belongs, and says so once.
func (p *parser) separator(between string) {
	if !p.comma {
		p.comma = true
		p.ps.add(schema.CodeUnexpected, p.here(), "remove it", "%s between %s", p.tok.String(), between)
	}
	p.advance()
}

func (p *parser) parseNamespace() bool {
	n := &Namespace{Pos: p.here()}
	p.begin(&n.Comments, false)
	p.advance()
	name, ok := p.head("the namespace", "write namespace lab.weather")
	if ok {
		name, ok = p.dotted(name)
	}
	n.Name = name
	if p.finish(&n.Comments); p.f.Namespace == nil {
		p.f.Namespace = n
	}
	return ok
}

func (p *parser) parseGoPackage() bool {
	n := &GoPackage{Pos: p.here()}
	p.begin(&n.Comments, false)
	p.advance()
	var ok bool
	n.Path, n.PathPos, ok = p.path("the folder of the Go package", `write go_package "generated/weather"`)
	if p.finish(&n.Comments); p.f.GoPackage == nil {
		p.f.GoPackage = n
	}
	return ok
}

func (p *parser) parseImport() bool {
	n := &Import{Pos: p.here()}
	p.begin(&n.Comments, false)
	p.advance()
	var ok bool
	n.Path, n.PathPos, ok = p.path("the path of a file", `write import "units.blds"`)
	if ok && p.tok.is("as") {
		p.advance()
		n.Alias, ok = p.name("the name of the import", "")
	}
	if p.finish(&n.Comments); ok {
		p.f.Imports = append(p.f.Imports, n)
	}
	return ok
}

func (p *parser) path(what, remedy string) (string, schema.Pos, bool) {
	text, pos := p.tok.text, p.here()
	if p.tok.kind != tString {
		p.unexpected(remedy, "%s in double quotes", what)
		return "", pos, false
	}
	p.advance()
	return text, pos, true
}

func (p *parser) parseDecl() (ok bool) {
	var d Decl
	switch p.tok.text {
	case "const":
		d, ok = p.parseConst()
	case "enum", "bits":
		d, ok = p.parseEnum()
	case "record", "schema":
		d, ok = p.parseRecord()
	default:
		d, ok = p.parseChannel()
	}
	p.f.Decls = append(p.f.Decls, d)
	return ok
}

func (p *parser) parseConst() (c *Const, ok bool) {
	c = &Const{Pos: p.here()}
	p.begin(&c.Comments, true)
	defer p.finish(&c.Comments)
	p.advance()
	if c.Name, ok = p.head("the name of a constant", ""); !ok {
		return c, false
	}
	if c.Type, ok = p.head("the type of the constant", "write const "+c.Name.Text+" u32 = 1"); !ok {
		return c, false
	}
	if !p.expect(tAssign, "write const "+c.Name.Text+" "+c.Type.Text+" = and a value") {
		return c, false
	}
	c.Value, ok = p.parseValue()
	return c, ok
}

func (p *parser) parseEnum() (e *Enum, ok bool) {
	e = &Enum{Bits: p.tok.text == "bits", Pos: p.here()}
	p.begin(&e.Comments, true)
	defer p.finish(&e.Comments)
	word := p.tok.text
	p.advance()
	if e.Name, ok = p.head("the name of the "+word, ""); !ok {
		return e, false
	}
	remedy := "write " + word + " " + e.Name.Text + " : u8 {"
	// Without a base type the values can be read all the same.
	colon := p.expect(tColon, remedy)
	if colon || p.tok.kind != tLBrace {
		if e.Base, ok = p.head("an integer type", remedy); !ok && p.tok.kind != tLBrace {
			return e, false
		}
	}
	if e.Attrs, ok = p.parseAttrs(); !ok {
		return e, false
	}
	ok = p.list(&e.Comments, &e.Body, "value", func() (*Comments, bool) {
		v := &EnumValue{}
		p.begin(&v.Comments, true)
		e.Values = append(e.Values, v)
		ok := false
		if v.Name, ok = p.name("the name of a value", ""); !ok {
			return &v.Comments, false
		}
		if !p.expect(tAssign, "give each value its number: "+v.Name.Text+" = "+strconv.Itoa(len(e.Values)-1)) {
			return &v.Comments, false
		}
		if v.Value, ok = p.parseExpr(); !ok {
			return &v.Comments, false
		}
		v.Attrs, ok = p.parseAttrs()
		return &v.Comments, ok
	})
	return e, ok
}

func (p *parser) parseChannel() (c *Channel, ok bool) {
	c = &Channel{Pos: p.here()}
	p.begin(&c.Comments, false)
	defer p.finish(&c.Comments)
	p.advance()
	if c.Name, ok = p.head("the name of a schema", "write channel Reading {"); !ok {
		return c, false
	}
	ok = p.list(&c.Comments, &c.Body, "policy", func() (*Comments, bool) {
		pol := &Policy{}
		p.begin(&pol.Comments, false)
		c.Policies = append(c.Policies, pol)
		ok := false
		if pol.Key, ok = p.name("the name of a policy", ""); !ok {
			return &pol.Comments, false
		}
		if p.tok.kind == tAssign || p.tok.kind == tColon {
			p.unexpected("write "+pol.Key.Text+" and its value without "+kindText[p.tok.kind], "a value")
			p.advance()
		}
		pol.Value, ok = p.parseExpr()
		return &pol.Comments, ok
	})
	return c, ok
}

// list parses the braces and items of a comma-separated body.
func (p *parser) list(c *Comments, b *Body, what string, item func() (*Comments, bool)) bool {
	line, opened := p.tok.line, p.here()
	if !p.expect(tLBrace, "") {
		return false
	}
	p.open(c, b)
	for p.tok.kind != tRBrace {
		if p.tok.kind == tEOF || p.declAhead() {
			note(p.unexpected("", `"}"`), opened, "the body begins here")
			return false
		}
		com, ok := item()
		p.finish(com)
		switch {
		case !ok:
			p.skipItem()
			p.got(tComma)
		case p.got(tComma) || p.tok.kind == tRBrace || p.tok.kind == tEOF:
		case p.tok.kind == tSemi:
			p.unexpected(`write "," instead`, `","`)
			p.advance()
		case p.tok.kind == tIdent && !p.declAhead():
			p.unexpected("", `"," behind the %s`, what)
		default:
			p.unexpected("", `"," or "}" behind the %s`, what)
			p.skipItem()
			p.got(tComma)
		}
		p.finish(com)
	}
	b.Line = p.tok.line == line
	b.End = p.rest()
	p.advance()
	return true
}

// skipItem goes on to the end of an item of a list.
func (p *parser) skipItem() {
	for depth := 0; p.tok.kind != tEOF; p.advance() {
		switch p.tok.kind {
		case tLBrace, tLParen, tLBrack:
			depth++
		case tRParen, tRBrack:
			depth--
		case tRBrace:
			if depth <= 0 {
				return
			}
			depth--
		case tComma:
			if depth <= 0 {
				return
			}
		}
		if p.tok.first && (isDeclKeyword(&p.tok) && p.declAhead() || depth <= 0 && p.tok.kind == tIdent && p.tok.off != p.errOff) {
			return
		}
	}
}

// declAhead reports whether a declaration begins with the present token though a
// brace is still open: the closing one was forgotten.
func (p *parser) declAhead() bool {
	if !p.tok.first || !isDeclKeyword(&p.tok) || p.tok.text == "const" {
		return false
	}
	ahead := p.lexer
	ahead.ps = new(problems)
	var a, b, c token
	ahead.next(&a)
	ahead.next(&b)
	ahead.next(&c)
	switch p.tok.text {
	case "enum", "bits":
		return a.kind == tIdent && b.kind == tColon
	case "record", "channel":
		return a.kind == tIdent && b.kind == tLBrace
	case "schema":
		return a.kind == tIdent && b.is("version") && c.kind == tVersion
	case "namespace":
		return p.tok.col == 1 && a.kind == tIdent && b.kind == tDot
	}
	return a.kind == tString // import, go_package
}
