package layout

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/schema"
)

// A Result is what could be laid out of a set of packages, in their order.
type Result struct {
	Packages []*Package
}

// A Package is a laid-out package. What had a problem is missing from it.
type Package struct {
	Namespace string
	Schemas   []*schema.Schema
	Records   []*schema.Record // those that are no schemas, whether used or not
	Enums     []*schema.Enum
	Consts    []schema.Const // with canonical values
}

// Resolve lays out all records of pkgs and of what they refer to. Packages that
// belong to one build are given together, so that an id declared twice is seen.
//
// Problems come sorted by position. Result is never nil; it holds every schema,
// record and enum that has no problem and uses nothing that has one. A type
// whose code is 0, or whose record is missing, stands for what a front end has
// reported already: its record is left out without another problem. So is a
// schema without a record.
//
// Defaults, scales and constants may be spelled in any way that
// [schema.ParseValue] reads; in the result they are canonical. Nothing of pkgs
// is changed, and enums are shared with the result.
func Resolve(pkgs ...*schema.Package) (*Result, []schema.Problem) {
	r := &resolver{}
	res := &Result{Packages: make([]*Package, 0, len(pkgs))}
	for _, p := range pkgs {
		r.declare(p)
	}
	for _, p := range pkgs {
		res.Packages = append(res.Packages, r.pack(p))
	}
	slices.SortStableFunc(r.problems, func(a, b schema.Problem) int {
		return cmp.Or(a.Pos.Compare(b.Pos), cmp.Compare(a.Code, b.Code))
	})
	return res, r.problems
}

// A resolver holds what is known so far of one call of Resolve.
type resolver struct {
	records  map[*schema.RecordDecl]*record
	enums    map[*schema.Enum]enum
	schemas  map[*schema.SchemaDecl]*schema.Schema
	owner    map[*schema.SchemaDecl]*schema.Package
	ids      map[string]idOwner // by folded id
	doubled  map[any]bool       // declarations whose id another had first
	problems []schema.Problem
	host     bool // the record being laid out is one of Go
}

type idOwner struct {
	decl any // what declares it: the same pointer twice is no duplicate
	id   string
	pos  schema.Pos
}

func (r *resolver) add(code schema.Code, pos schema.Pos, remedy, format string, args ...any) *schema.Problem {
	r.problems = append(r.problems, schema.Problem{
		Code: code, Pos: pos, Message: fmt.Sprintf(format, args...), Remedy: remedy,
	})
	return &r.problems[len(r.problems)-1]
}

func note(p *schema.Problem, pos schema.Pos, format string, args ...any) {
	if pos.IsValid() {
		p.Notes = append(p.Notes, schema.Note{Pos: pos, Message: fmt.Sprintf(format, args...)})
	}
}

// declare enters the ids of a package.
func (r *resolver) declare(p *schema.Package) {
	if r.owner == nil {
		r.owner = map[*schema.SchemaDecl]*schema.Package{}
	}
	for _, s := range p.Schemas {
		r.owner[s] = p
		if s.Record != nil {
			r.declareID(s.Record, s.ID, s.Pos)
		}
	}
	for _, d := range p.Records {
		r.declareID(d, d.ID, d.Pos)
	}
	for _, e := range p.Enums {
		r.declareID(e, e.ID, e.Pos)
	}
}

func (r *resolver) declareID(decl any, id string, pos schema.Pos) {
	folded := schema.FoldID(id)
	first, ok := r.ids[folded]
	if !ok {
		if r.ids == nil {
			r.ids = map[string]idOwner{}
		}
		r.ids[folded] = idOwner{decl, id, pos}
		return
	}
	if first.decl == decl || r.doubled[decl] {
		return
	}
	if r.doubled == nil {
		r.doubled = map[any]bool{}
	}
	r.doubled[decl] = true
	if pos.Compare(first.pos) < 0 { // report the later one
		pos, id, first.pos, first.id = first.pos, first.id, pos, id
	}
	msg := fmt.Sprintf("id %q is declared twice", id)
	if first.id != id {
		msg = fmt.Sprintf("ids %q and %q are the same: case and underscores do not count", first.id, id)
	}
	note(r.add(schema.CodeDuplicateID, pos, "rename one of them", "%s", msg), first.pos, "%q is declared here first", first.id)
}

func (r *resolver) pack(p *schema.Package) *Package {
	out := &Package{Namespace: p.Namespace}
	for _, e := range p.Enums {
		if r.enum(e) && !r.doubled[e] {
			out.Enums = append(out.Enums, e)
		}
	}
	for _, d := range p.Records {
		if st := r.record(d); st.rec != nil && !r.doubled[d] {
			out.Records = append(out.Records, st.rec)
		}
	}
	out.Consts = r.consts("namespace "+quote(p.Namespace), p.Consts)
	for _, d := range p.Schemas {
		if d.Record != nil {
			r.schema(d)
		}
	}
	for _, d := range p.Schemas {
		s := r.schemas[d]
		if d.Channel != nil && d.Record != nil {
			ch, flex, ok := r.channel(p, d)
			if !ok || s == nil {
				continue
			}
			s.Channel, s.Flex = ch, flex
		}
		if s != nil && !r.doubled[d.Record] {
			out.Schemas = append(out.Schemas, s)
		}
	}
	return out
}

// schema lays a schema out, without its channel.
func (r *resolver) schema(d *schema.SchemaDecl) {
	if _, done := r.schemas[d]; done {
		return
	}
	if r.schemas == nil {
		r.schemas = map[*schema.SchemaDecl]*schema.Schema{}
	}
	r.schemas[d] = nil
	n := len(r.problems)
	if d.ID != d.Record.ID { // else it is checked with the record
		r.id(d.ID, d.Pos)
	}
	r.text(d.Pos, "deprecated", d.Deprecated)
	consts := r.consts("schema "+quote(d.Record.Name), d.Consts)
	st := r.record(d.Record)
	if st.rec == nil || len(r.problems) != n && len(consts) != len(d.Consts) {
		return
	}
	rec := st.rec
	if rec.ID != d.ID {
		c := *rec
		c.ID = d.ID
		rec = &c
	}
	slices.SortFunc(consts, func(a, b schema.Const) int {
		return cmp.Compare(schema.Fold(a.Name), schema.Fold(b.Name))
	})
	s := &schema.Schema{
		ID: d.ID, Version: d.Version, Doc: rec.Doc, Deprecated: d.Deprecated,
		Order: schema.LittleEndian, Record: rec, Consts: consts, Pos: d.Pos,
	}
	if len(r.problems) != n {
		return
	}
	if r.tooLarge(s, st.weight) {
		return
	}
	r.schemas[d] = s
}

// tooLarge reports a schema whose canonical form is beyond the limit. Few come
// near, so the form is only made where a bound on it is beyond the limit.
func (r *resolver) tooLarge(s *schema.Schema, weight uint64) bool {
	if weight+weighSchema(s) <= schema.MaxCanonical {
		return false
	}
	if _, err := canon.Encode(s); err == nil {
		return false
	}
	r.add(schema.CodeCanonicalTooLarge, s.Pos, "split the schema, or shorten its docs and tables",
		"canonical form of %q has more than %d bytes", s.ID, schema.MaxCanonical)
	return true
}

// weighSchema returns a bound on the bytes that s takes in its canonical form
// beside its record.
func weighSchema(s *schema.Schema) uint64 {
	n := 64 + 2*len(s.ID) + len(s.Deprecated)
	for i := range s.Consts {
		c := &s.Consts[i]
		n += 32 + 2*len(c.Name) + len(c.Value.Text) + len(c.Doc)
	}
	return uint64(n)
}

// id checks an id and its namespace.
func (r *resolver) id(id string, pos schema.Pos) {
	if !schema.IsID(id) {
		r.add(schema.CodeBadID, pos, "write it like lab.weather.Reading",
			"id %s is not a list of identifiers joined by dots, of at most %d bytes", quote(id), schema.MaxID)
		return
	}
	ns, _ := schema.SplitID(id)
	first := ns
	for i := 0; i < len(ns); i++ {
		if ns[i] == '.' {
			first = ns[:i]
			break
		}
	}
	if schema.Fold(first) == "blds" {
		r.add(schema.CodeReservedNamespace, pos, "choose a namespace of your own",
			"id %q is in the namespace \"blds\", which belongs to the language", id)
	}
}

func quote(s string) string {
	if len(s) > 64 {
		s = s[:64] + "..."
	}
	return strconv.Quote(s)
}
