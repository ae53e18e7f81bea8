package syntax

import (
	"maps"
	"slices"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// maxChain bounds how many constants may need one another in a row.
const maxChain = 256

// A scope is where names of an expression are looked up: values of the enum
// around it, constants of the schema around it, then those of the file.
type scope struct {
	u      *unit
	values *enumScope
	consts map[string]*constant
}

// A constant is a declared constant and, once it was needed, its value.
type constant struct {
	decl  *Const
	scope *scope
	code  schema.TypeCode
	done  bool
	open  bool // being evaluated
	ok    bool
	n     num    // of an integer
	text  string // of the others: as schema.ParseValue reads it
}

// An enumScope finds values of an enum that were declared so far.
type enumScope struct {
	values []schema.EnumValue
	base   schema.TypeCode
	byName map[string]int
	seen   int // values in byName
}

func (s *enumScope) find(name string) (num, bool) {
	if s.byName == nil {
		s.byName = map[string]int{}
	}
	for ; s.seen < len(s.values); s.seen++ {
		s.byName[s.values[s.seen].Name] = s.seen
	}
	i, ok := s.byName[name]
	if !ok {
		return num{}, false
	}
	v := s.values[i].Value
	return num{lo: v, neg: !s.base.IsUnsigned() && v >= top}, true
}

// find returns the constant of a name.
func (s *scope) find(name string) *constant {
	if c := s.consts[name]; c != nil {
		return c
	}
	return s.u.findConst(name)
}

// lookup returns an evaluated constant, or reports that there is none.
func (l *loader) lookup(s *scope, e *Expr) *constant {
	c := s.find(e.Text)
	if c == nil {
		l.unknownConst(s, e)
		return nil
	}
	if !l.evaluate(s, e, c) {
		return nil
	}
	return c
}

func (l *loader) unknownConst(s *scope, e *Expr) {
	u := s.u
	if u.findType(e.Text) != nil || isBuiltin(e.Text) {
		u.ps.add(schema.CodeUnknownConst, e.Pos, "name a constant here", "%s is a type, not a constant", quote(e.Text))
		return
	}
	p := u.ps.add(schema.CodeUnknownConst, e.Pos, "", "unknown constant %s", quote(e.Text))
	if p == nil {
		return
	}
	if v, pos, how := l.elsewhere(u, e.Text, func(v *unit, last string) bool { return v.consts[last] != nil }); v != nil {
		p.Remedy = how
		note(p, pos, "a constant of that name is declared here")
		return
	}
	names := append(slices.Sorted(maps.Keys(s.consts)), u.constNames()...)
	if s.values != nil {
		for i := range s.values.values {
			names = append(names, s.values.values[i].Name)
		}
	}
	p.Remedy = didYouMean(e.Text, names, "declare it with const "+e.Text+" u32 = and a value")
}

// evaluate computes c, which the expression e names. With e nil it is the
// declaration itself that asks.
func (l *loader) evaluate(s *scope, e *Expr, c *constant) bool {
	if c.done {
		return c.ok
	}
	ps := c.scope.u.ps
	if e != nil {
		ps = s.u.ps
	}
	switch {
	case c.open:
		var b strings.Builder
		for i := range l.stack {
			if b.Len() > 0 || l.stack[i] == c {
				b.WriteString(l.stack[i].decl.Name.Text + " -> ")
			}
		}
		note(ps.add(schema.CodeConstCycle, e.Pos, "give one of them a number", "constants need each other: %s%s", b.String(), c.decl.Name.Text),
			c.decl.Name.Pos, "%s is declared here", quote(c.decl.Name.Text))
		return false
	case len(l.stack) == maxChain:
		ps.add(schema.CodeDeepExpr, e.Pos, "declare constants before those that need them",
			"chain of more than %d constants", maxChain)
		return false
	}
	c.open = true
	l.stack = append(l.stack, c)
	c.ok = l.constValue(c)
	l.stack = l.stack[:len(l.stack)-1]
	c.open, c.done = false, true
	return c.ok
}

func (l *loader) constValue(c *constant) bool {
	d, u := c.decl, c.scope.u
	c.code = builtinCode(d.Type.Text)
	switch {
	case c.code == 0 && u.findType(d.Type.Text) == nil:
		remedy := "use a number type, bool or string"
		if w := foreignTypes[d.Type.Text]; w != "" {
			remedy = "use " + strings.TrimSuffix(w, "[n]")
		}
		u.ps.add(schema.CodeUnknownType, d.Type.Pos, remedy, "unknown type %s", quote(d.Type.Text))
		return false
	case c.code == 0 || c.code == schema.Bytes:
		u.ps.add(schema.CodeNotType, d.Type.Pos, "use a number type, bool or string",
			"%s is no type of a constant", quote(d.Type.Text))
		return false
	}
	var ok bool
	if c.code.IsInt() {
		if l.isKind(c.scope, d.Value, c.code) {
			c.n, ok = l.int(c.scope, d.Value)
			c.text = c.n.String()
		}
		return ok
	}
	c.text, ok = l.literal(c.scope, d.Value, c.code)
	return ok
}

// literal returns a value of the type code as schema.ParseValue reads it. It
// does not check that the type can hold it: layout does.
func (l *loader) literal(s *scope, e *Expr, code schema.TypeCode) (string, bool) {
	if !l.isKind(s, e, code) {
		return "", false
	}
	base, minus := unsigned(e)
	switch base.Kind {
	case StringExpr:
		return base.Text, true
	case FloatExpr:
		return minus + strings.ReplaceAll(base.Text, "_", ""), true
	case NameExpr:
		if code.IsInt() {
			break
		}
		if code == schema.Bool && (base.Text == "true" || base.Text == "false") {
			return base.Text, true
		}
		c := l.lookup(s, base)
		if c == nil {
			return "", false
		}
		if c.code != code && !(code.IsFloat() && c.code.IsNumber()) {
			l.wrongType(s, base, code, quote(base.Text)+" of type "+c.code.String())
			return "", false
		}
		if text, negative := strings.CutPrefix(c.text, "-"); negative && minus != "" {
			return text, true
		}
		return minus + c.text, true
	}
	n, ok := l.int(s, e)
	return n.String(), ok
}

// unsigned returns a literal or name without parentheses and one minus.
func unsigned(e *Expr) (base *Expr, minus string) {
	for base = e; base.Kind == ParenExpr || base.Kind == UnaryExpr && base.Op == "-" && minus == ""; base = base.X {
		minus += base.Op
	}
	return base, minus
}

// isKind checks that a literal, if e is one, is of the kind that code needs.
func (l *loader) isKind(s *scope, e *Expr, code schema.TypeCode) bool {
	base, minus := unsigned(e)
	ok := false
	switch base.Kind {
	case NameExpr:
		ok = minus == "" || code.IsNumber()
	case StringExpr:
		ok = code == schema.String
	case FloatExpr:
		ok = code.IsFloat()
	case IntExpr, UnaryExpr, BinaryExpr:
		ok = code.IsNumber()
	}
	if !ok {
		l.wrongType(s, e, code, describe(e))
	}
	return ok
}

func (l *loader) wrongType(s *scope, e *Expr, code schema.TypeCode, found string) {
	remedy := ""
	switch code {
	case schema.Bool:
		remedy = "write true or false"
	case schema.String:
		remedy = "write text in double quotes"
	}
	s.u.ps.add(schema.CodeConstType, e.Pos, remedy, "expected a value of type %s, found %s", code, found)
}

// describe says what an expression is.
func describe(e *Expr) string {
	switch e.Kind {
	case StringExpr:
		return "a string"
	case IntExpr, FloatExpr, NameExpr, VersionExpr:
		return quote(e.Text)
	}
	return "an expression"
}

// int evaluates an integer expression.
func (l *loader) int(s *scope, e *Expr) (num, bool) {
	switch e.Kind {
	case IntExpr:
		n, ok := parseInt(e.Text)
		if !ok {
			l.overflow(s, e, "number "+quote(e.Text))
		}
		return n, ok
	case ParenExpr:
		return l.int(s, e.X)
	case NameExpr:
		if s.values != nil {
			if n, ok := s.values.find(e.Text); ok {
				return n, true
			}
		}
		c := l.lookup(s, e)
		if c == nil {
			return num{}, false
		}
		if !c.code.IsInt() {
			s.u.ps.add(schema.CodeConstType, e.Pos, "only integers are computed with", "expected an integer, found %s of type %s", quote(e.Text), c.code)
			return num{}, false
		}
		return c.n, true
	case UnaryExpr:
		x, ok := l.int(s, e.X)
		if !ok {
			return num{}, false
		}
		n, ok := unary(e.Op, x)
		if !ok {
			l.overflow(s, e, e.Op+x.String())
		}
		return n, ok
	case BinaryExpr:
		x, ok := l.int(s, e.X)
		y, yok := l.int(s, e.Y)
		if !ok || !yok || !l.operands(s, e, y) {
			return num{}, false
		}
		n, ok := binary(e.Op, x, y)
		if !ok {
			l.overflow(s, e, x.String()+" "+e.Op+" "+y.String())
		}
		return n, ok
	}
	s.u.ps.add(schema.CodeConstType, e.Pos, "only integers are computed with", "expected an integer, found %s", describe(e))
	return num{}, false
}

// operands checks the right side of a division or shift.
func (l *loader) operands(s *scope, e *Expr, y num) bool {
	switch e.Op {
	case "/", "%":
		if y.lo == 0 {
			s.u.ps.add(schema.CodeArithmetic, e.Y.Pos, "", "division by zero")
			return false
		}
	case "<<", ">>":
		if _, ok := y.uint(63); !ok {
			s.u.ps.add(schema.CodeArithmetic, e.Y.Pos, "shift by 0 to 63", "shift by %s bits", y)
			return false
		}
	}
	return true
}

func (l *loader) overflow(s *scope, e *Expr, what string) {
	s.u.ps.add(schema.CodeOverflow, e.Pos, "use numbers from -2^63 to 2^64-1", "%s is beyond 64 bits", what)
}

// size evaluates a number from 0 to limit, of a thing called what.
func (l *loader) size(s *scope, e *Expr, limit uint64, what string) (uint64, bool) {
	n, ok := l.int(s, e)
	if !ok {
		return 0, false
	}
	u, ok := n.uint(limit)
	if !ok {
		remedy := "use a number that is not negative"
		if !n.neg {
			remedy = "use a smaller number"
		}
		s.u.ps.add(schema.CodeDoesNotFit, e.Pos, remedy, "%s of %s is not possible", what, n)
	}
	return u, ok
}
