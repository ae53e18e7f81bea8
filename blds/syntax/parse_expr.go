package syntax

import "github.com/pylabhub/datahub/blds/schema"

// Limits of one expression. They bound the recursion of everything that walks it.
const (
	maxExprNodes = 256
	maxExprDepth = 32
)

// parseValue parses what a constant or an attribute can be given: a string, a
// version or an expression.
func (p *parser) parseValue() (*Expr, bool) {
	var k ExprKind
	switch p.tok.kind {
	case tString:
		k = StringExpr
	case tVersion:
		k = VersionExpr
	default:
		return p.parseExpr()
	}
	e := &Expr{Kind: k, Text: p.tok.text, Pos: p.here()}
	p.advance()
	return e, true
}

func (p *parser) parseExpr() (*Expr, bool) {
	p.nodes = 0
	return p.binary(1, 0)
}

// binary parses operators of precedence prec and higher. They bind to the left.
func (p *parser) binary(prec, depth int) (*Expr, bool) {
	x, ok := p.unary(depth)
	for ok && int(p.tok.kind) < len(binaryPrec) && binaryPrec[p.tok.kind] >= prec {
		op := p.tok.kind
		p.advance()
		y, yok := p.binary(binaryPrec[op]+1, depth+1)
		if !yok {
			return nil, false
		}
		x, ok = p.node(Expr{Kind: BinaryExpr, Op: kindText[op], X: x, Y: y, Pos: p.since(x.Pos)}, depth)
	}
	return x, ok
}

func (p *parser) unary(depth int) (*Expr, bool) {
	e := Expr{Text: p.tok.text, Pos: p.here()}
	ok := true
	if p.tok.first && isDeclKeyword(&p.tok) {
		p.unexpected("", "a value")
		return nil, false
	}
	switch k := p.tok.kind; k {
	case tInt:
		e.Kind = IntExpr
		p.advance()
	case tFloat:
		e.Kind = FloatExpr
		p.advance()
	case tIdent:
		e.Kind = NameExpr
		p.advance()
		var n Name
		if n, ok = p.dotted(Name{Text: e.Text, Pos: e.Pos}); ok {
			e.Text, e.Pos = n.Text, n.Pos
		}
	case tMinus, tTilde:
		e.Kind, e.Op, e.Text = UnaryExpr, kindText[k], ""
		if p.tooDeep(depth) {
			return nil, false
		}
		p.advance()
		e.X, ok = p.unary(depth + 1)
	case tLParen:
		e.Kind, e.Text = ParenExpr, ""
		if p.tooDeep(depth) {
			return nil, false
		}
		p.advance()
		if e.X, ok = p.binary(1, depth+1); ok {
			ok = p.expect(tRParen, "")
		}
	default:
		p.unexpected("", "a value")
		return nil, false
	}
	if !ok {
		return nil, false
	}
	e.Pos = p.since(e.Pos)
	return p.node(e, depth)
}

// node counts a part of an expression.
func (p *parser) node(e Expr, depth int) (*Expr, bool) {
	if p.nodes++; p.nodes > maxExprNodes {
		p.errOff = p.tok.off
		p.ps.add(schema.CodeDeepExpr, e.Pos, "name parts of it by constants",
			"expression of more than %d parts", maxExprNodes)
		return nil, false
	}
	return &e, true
}

func (p *parser) tooDeep(depth int) bool {
	if depth < maxExprDepth {
		return false
	}
	p.errOff = p.tok.off
	p.ps.add(schema.CodeDeepExpr, p.here(), "name parts of it by constants",
		"expression of more than %d levels", maxExprDepth)
	return true
}
