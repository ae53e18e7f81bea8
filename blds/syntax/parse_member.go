package syntax

import (
	"slices"

	"github.com/pylabhub/datahub/blds/schema"
)

func (p *parser) parseRecord() (r *Record, ok bool) {
	r = &Record{Schema: p.tok.text == "schema", Pos: p.here()}
	p.begin(&r.Comments, true)
	defer p.finish(&r.Comments)
	word := p.tok.text
	p.advance()
	if r.Name, ok = p.head("the name of the "+word, ""); !ok {
		return r, false
	}
	if r.Schema {
		r.Version = p.parseVersion(r.Name.Text)
	} else if p.tok.is("version") {
		p.unexpected("write schema "+r.Name.Text+", or leave the version out", `"{"`)
		p.advance()
		p.got(tVersion)
	}
	if r.Attrs, ok = p.parseAttrs(); !ok {
		return r, false
	}
	ok = p.members(&r.Comments, &r.Body, nil, func(m Member) {
		if c, ok := m.(*Const); ok && !r.Schema {
			p.ps.add(schema.CodeConstPlace, c.Pos, "put it into a schema or outside",
				"constant %s inside record %s", quote(c.Name.Text), quote(r.Name.Text))
			return
		}
		r.Members = append(r.Members, m)
	})
	return r, ok
}

// parseVersion parses "version" and the version. If they are missing or not
// well-formed the body can be read all the same.
func (p *parser) parseVersion(name string) *Version {
	remedy := "write schema " + name + " version 1.0.0 {"
	if p.tok.is("version") {
		p.advance()
	} else {
		p.unexpected(remedy, `"version"`)
	}
	v := &Version{Pos: p.here()}
	switch {
	case p.tok.kind == tVersion:
		v.Version, _ = schema.ParseVersion(p.tok.text) // the lexer has checked it
		p.advance()
	case p.tok.first || p.tok.kind != tInt && p.tok.kind != tFloat && p.tok.kind != tString && p.tok.kind != tIdent:
		p.unexpected(remedy, "a version of three numbers")
	default:
		p.wholeVersion()
		p.unexpected(remedy, "a version of three numbers")
		p.advance()
	}
	return v
}

// wholeVersion widens a token like v1 to what was meant as a version, v1.2.3, so
// that the rest is not reported again.
func (p *parser) wholeVersion() {
	if p.tok.kind != tIdent || p.tok.quoted || p.tok.end != p.off || !isDigit(p.src[p.off-1]) {
		return
	}
	for p.off < len(p.src) && (p.src[p.off] == '.' || isDigit(p.src[p.off])) {
		p.off++
	}
	p.tok.end, p.tok.text = p.off, p.src[p.tok.off:p.off]
}

// members parses the braces and members of a record, or of a group inside one.
func (p *parser) members(c *Comments, b *Body, group *Group, add func(Member)) bool {
	opened := p.here()
	if !p.expect(tLBrace, "") {
		return false
	}
	p.open(c, b)
	for p.tok.kind != tRBrace {
		if p.tok.kind == tEOF || p.declAhead() {
			note(p.unexpected("", `"}"`), opened, "the body begins here")
			return false
		}
		if p.tok.kind == tSemi || p.tok.kind == tComma {
			p.separator("members")
			continue
		}
		off := p.tok.off
		if m, ok := p.parseMember(group); m != nil && ok {
			add(m)
		} else if !ok && !p.skipMember(off) {
			return false
		}
	}
	b.End = p.rest()
	p.advance()
	return true
}

// skipMember goes on to where the next member may begin, and reports whether
// that is still inside the record.
func (p *parser) skipMember(start int) bool {
	for depth := 0; p.tok.kind != tEOF; p.advance() {
		if p.tok.off != start && p.tok.first && p.declAhead() {
			return true // members reports the missing brace
		}
		switch p.tok.kind {
		case tLBrace:
			depth++
		case tRBrace:
			if depth == 0 {
				return true
			}
			depth--
		case tIdent:
			if depth == 0 && p.tok.first && p.tok.off != start {
				return true
			}
		}
	}
	return false
}

func (p *parser) parseMember(group *Group) (Member, bool) {
	if p.tok.kind != tIdent {
		p.unexpected("", "a field")
		return nil, false
	}
	switch {
	case p.tok.is("pad") || p.tok.is("reserved"):
		return p.parsePad()
	case p.tok.is("const"):
		return p.parseConst()
	case p.tok.is("group") && group != nil:
		p.errOff = p.tok.off
		p.ps.add(schema.CodeGroup, p.here(), "end the first group before it", "group inside group %s", quote(group.Name.Text))
		return nil, false
	case p.tok.is("group"):
		return p.parseGroup()
	}
	return p.parseField()
}

func (p *parser) parsePad() (m *Pad, ok bool) {
	m = &Pad{Reserved: p.tok.text == "reserved", Pos: p.here()}
	// Only a reserved range has a use for documentation.
	p.begin(&m.Comments, m.Reserved)
	defer p.finish(&m.Comments)
	p.advance()
	if m.Len, ok = p.parseExpr(); !ok {
		return m, false
	}
	m.Attrs, ok = p.parseAttrs()
	return m, ok
}

func (p *parser) parseGroup() (g *Group, ok bool) {
	g = &Group{Pos: p.here()}
	p.begin(&g.Comments, false)
	defer p.finish(&g.Comments)
	p.advance()
	if g.Name, ok = p.name("the name of the group", "write group hot {"); !ok {
		return g, false
	}
	if g.Attrs, ok = p.parseAttrs(); !ok {
		return g, false
	}
	if p.tok.kind != tLBrace && isBuiltin(g.Name.Text) {
		p.unexpected("write `group` "+g.Name.Text+" for a field of that name", `"{"`)
		return g, false
	}
	ok = p.members(&g.Comments, &g.Body, g, func(m Member) {
		if c, ok := m.(*Const); ok {
			p.ps.add(schema.CodeConstPlace, c.Pos, "put it before the group", "constant %s inside group %s",
				quote(c.Name.Text), quote(g.Name.Text))
			return
		}
		g.Members = append(g.Members, m)
	})
	return g, ok
}

func (p *parser) parseField() (f *Field, ok bool) {
	f = &Field{}
	p.begin(&f.Comments, true)
	defer p.finish(&f.Comments)
	bare, first := !p.tok.quoted, p.tok.first
	f.Name, _ = p.name("a field", "")
	if bare && !first && (p.tok.first || p.tok.kind == tRBrace || p.tok.kind == tLParen) && p.strayAttr(f.Name, "") {
		return f, false
	}
	if p.tok.kind == tColon {
		p.unexpected("remove it", "the type of field %s", quote(f.Name.Text))
		p.advance()
	}
	// A line break behind the name means that the type was forgotten. If the
	// next name were taken for it, each following field would be misread.
	if p.tok.first {
		p.unexpected("write "+f.Name.Text+" and its type on one line", "the type of field %s", quote(f.Name.Text))
		return f, false
	}
	if f.Type, ok = p.parseType(f.Name.Text); !ok {
		return f, false
	}
	if bare && f.Type.Code == 0 && f.Type.Dims == nil && p.lastType() && p.strayAttr(f.Name, f.Type.Name.Text+" "+p.tok.text) {
		return f, false
	}
	if f.Attrs, ok = p.parseAttrs(); !ok {
		return f, false
	}
	if p.tok.kind == tAssign {
		p.unexpected("fields have no numbers; write a default as @default(value)", "an attribute or the next field")
		return f, false
	}
	return f, true
}

// lastType reports whether the present token is a type of the language and no
// field of that name, as no type follows it on its line.
func (p *parser) lastType() bool {
	if p.tok.first || p.tok.kind != tIdent || p.tok.quoted || !isBuiltin(p.tok.text) {
		return false
	}
	ahead := p.lexer
	ahead.ps = new(problems)
	var next token
	ahead.next(&next)
	return next.kind != tIdent || next.first
}

// strayAttr reports an attribute that is written like a field: in front of a
// field, which is then given, or behind one without its @. It reports false if
// the name is none of an attribute.
func (p *parser) strayAttr(n Name, field string) bool {
	i := slices.IndexFunc(attrTable[:], func(s attrSpec) bool { return s.name == n.Text })
	if i < 0 {
		return false
	}
	remedy := "write " + attrTable[i].sample
	if field != "" {
		remedy = "write it behind the field: " + field + " " + attrTable[i].sample
	}
	p.errOff = p.tok.off
	p.ps.add(schema.CodeUnexpected, n.Pos, remedy, "expected a field, found the attribute %s without @", quote(n.Text))
	return true
}

func (p *parser) parseType(field string) (t Type, ok bool) {
	t.Pos = p.here()
	switch {
	case p.tok.kind == tIdent && !p.tok.quoted && isBuiltin(p.tok.text):
		t.Code = builtinCode(p.tok.text)
		p.advance()
		if t.Code.HasLen() {
			if p.tok.kind != tLBrack {
				p.errOff = p.tok.off
				p.ps.add(schema.CodeNeedsLength, p.since(t.Pos), "write its room in bytes: "+t.Code.String()+"[16]",
					"%s without a length", t.Code)
				return t, false
			}
			if t.Len, ok = p.parseDim(); !ok {
				return t, false
			}
		}
	case p.tok.kind == tIdent:
		if t.Name, ok = p.name("a type", ""); !ok {
			return t, false
		}
		if t.Name, ok = p.dotted(t.Name); !ok {
			return t, false
		}
	case p.tok.kind == tLBrack:
		p.unexpected("put lengths behind the type: f32[3]", "the type of field %s", quote(field))
		return t, false
	case p.tok.kind == tStar:
		p.unexpected("a pointer means nothing in another process: use the type itself, or an index", "the type of field %s", quote(field))
		return t, false
	default:
		p.unexpected("", "the type of field %s", quote(field))
		return t, false
	}
	for p.tok.kind == tLBrack {
		d, ok := p.parseDim()
		if !ok {
			return t, false
		}
		t.Dims = append(t.Dims, d)
	}
	t.Pos = p.since(t.Pos)
	return t, true
}

// parseDim parses a length in brackets.
func (p *parser) parseDim() (*Expr, bool) {
	p.advance()
	if p.tok.kind == tRBrack {
		p.unexpected("every length is fixed: write a number", "a length")
		return nil, false
	}
	e, ok := p.parseExpr()
	return e, ok && p.expect(tRBrack, "")
}

func (p *parser) parseAttrs() (list []Attr, ok bool) {
	for p.tok.kind == tAt {
		a := Attr{Pos: p.here()}
		p.advance()
		if p.tok.first {
			p.unexpected("write it behind the @", "the name of an attribute")
			return list, false
		}
		if a.Name, ok = p.name("the name of an attribute", ""); !ok {
			return list, false
		}
		if p.got(tLParen) {
			if p.tok.kind == tRParen {
				p.unexpected("write a value, or leave out the parentheses", "a value")
				return list, false
			}
			if a.Arg, ok = p.parseValue(); !ok {
				return list, false
			}
			remedy := ""
			if p.tok.kind == tComma {
				remedy = "an attribute has one value"
			} else if p.tok.kind != tEOF && !p.tok.first {
				remedy = "put text in double quotes"
			}
			if !p.expect(tRParen, remedy) {
				return list, false
			}
		}
		a.Pos = p.since(a.Pos)
		list = append(list, a)
	}
	return list, true
}

// builtinCode returns the code of a type of the language, 0 if name is none.
func builtinCode(name string) schema.TypeCode {
	switch name {
	case "u8":
		return schema.U8
	case "u16":
		return schema.U16
	case "u32":
		return schema.U32
	case "u64":
		return schema.U64
	case "i8":
		return schema.I8
	case "i16":
		return schema.I16
	case "i32":
		return schema.I32
	case "i64":
		return schema.I64
	case "f32":
		return schema.F32
	case "f64":
		return schema.F64
	case "bool":
		return schema.Bool
	case "string":
		return schema.String
	case "bytes":
		return schema.Bytes
	}
	return 0
}
