package layout_test

import (
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

// A mod changes a field declaration.
type mod func(*schema.FieldDecl)

func field(name string, code schema.TypeCode, mods ...mod) schema.FieldDecl {
	f := schema.FieldDecl{Name: name, Type: schema.TypeDecl{Code: code}}
	for _, m := range mods {
		m(&f)
	}
	return f
}

func optional(f *schema.FieldDecl) { f.Optional = true }
func atomic(f *schema.FieldDecl)   { f.Atomic = true }
func presence(f *schema.FieldDecl) { f.IsPresence = true }

func length(n uint64) mod   { return func(f *schema.FieldDecl) { f.Type.Len = n } }
func dims(n ...uint64) mod  { return func(f *schema.FieldDecl) { f.Type.Dims = n } }
func align(n uint32) mod    { return func(f *schema.FieldDecl) { f.Align = n } }
func at(n uint64) mod       { return func(f *schema.FieldDecl) { f.Offset = &n } }
func want(n uint64) mod     { return func(f *schema.FieldDecl) { f.WantOffset = &n } }
func unit(s string) mod     { return func(f *schema.FieldDecl) { f.Attrs.Unit = s } }
func scale(s string) mod    { return func(f *schema.FieldDecl) { f.Attrs.Scale = s } }
func group(s string) mod    { return func(f *schema.FieldDecl) { f.Attrs.Group = s } }
func lenField(s string) mod { return func(f *schema.FieldDecl) { f.Attrs.LenField = s } }
func deflt(s string) mod {
	return func(f *schema.FieldDecl) { f.Attrs.Default = &schema.Value{Text: s} }
}
func enum(e *schema.Enum) mod { return func(f *schema.FieldDecl) { f.Type.Enum = e } }
func attrs(a schema.Attrs) mod {
	return func(f *schema.FieldDecl) { f.Attrs = a }
}

func nested(r *schema.RecordDecl) mod {
	return func(f *schema.FieldDecl) { f.Type.Record = r }
}

func pad(n uint64, mods ...mod) schema.FieldDecl {
	return field("", schema.Padding, append([]mod{length(n)}, mods...)...)
}

func reserved(n uint64, mods ...mod) schema.FieldDecl {
	return field("", schema.Reserved, append([]mod{length(n)}, mods...)...)
}

// record declares a record; each of its fields stands on a line of its own.
func record(name string, fields ...schema.FieldDecl) *schema.RecordDecl {
	d := &schema.RecordDecl{Name: name, ID: "lab." + name, Fields: fields, Pos: schema.Pos{File: name, Line: 1, Col: 8, Len: 1}}
	for i := range d.Fields {
		d.Fields[i].Pos = schema.Pos{File: name, Line: 2 + i, Col: 3, Len: 1}
	}
	return d
}

// appendField adds a field on the next line.
func appendField(d *schema.RecordDecl, f schema.FieldDecl) {
	f.Pos = schema.Pos{File: d.Name, Line: 2 + len(d.Fields), Col: 3, Len: 1}
	d.Fields = append(d.Fields, f)
}

// host makes a record one that the source language has laid out.
func host(d *schema.RecordDecl, size uint64) *schema.RecordDecl {
	d.Host, d.HostSize = true, size
	return d
}

// schemaDecl declares a schema without a channel.
func schemaDecl(d *schema.RecordDecl) *schema.SchemaDecl {
	return &schema.SchemaDecl{ID: d.ID, Version: schema.Version{Major: 1}, Record: d, Pos: d.Pos}
}

// packageOf is a package of schemas.
func packageOf(schemas ...*schema.SchemaDecl) *schema.Package {
	return &schema.Package{Namespace: "lab", Schemas: schemas}
}

// resolve lays one record out as a schema.
func resolve(d *schema.RecordDecl) (*schema.Record, []schema.Problem) {
	res, problems := layout.Resolve(packageOf(schemaDecl(d)))
	if len(res.Packages[0].Schemas) == 0 {
		return nil, problems
	}
	return res.Packages[0].Schemas[0].Record, problems
}
