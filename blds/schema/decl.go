package schema

import "cmp"

// A Pos is a place in a source file. The zero value is no place.
type Pos struct {
	File string // as the user would name it; "<stdin>" for standard input
	Line int    // from 1
	Col  int    // in bytes, from 1
	Len  int    // bytes to underline, at least 1
}

// IsValid reports whether p is a place.
func (p Pos) IsValid() bool { return p.Line > 0 }

// Compare orders positions by file, line and column.
func (p Pos) Compare(q Pos) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Col, q.Col))
}

// A Problem is something wrong or doubtful in a schema's source.
type Problem struct {
	Code    Code
	Pos     Pos
	Message string // what is wrong, lower case, no full stop
	Remedy  string // what to do, may be empty
	Notes   []Note // other places that matter
}

// A Note points at a place that explains a problem.
type Note struct {
	Pos     Pos
	Message string
}

// A Package is what one Go package or one .blds namespace declares, before
// layout. Names are resolved: types point at each other.
type Package struct {
	Namespace string
	Schemas   []*SchemaDecl
	Records   []*RecordDecl // named records that are no schemas
	Enums     []*Enum
	Consts    []Const // constants of the package, not part of any identity
}

// A SchemaDecl is a record with an id and a version, as written.
type SchemaDecl struct {
	ID         string
	Version    Version
	Deprecated string
	Record     *RecordDecl
	Consts     []Const
	Channel    *Channel
	Flex       *SchemaDecl // resolved from Channel.FlexName
	Pos        Pos
}

// A RecordDecl is a record as written.
type RecordDecl struct {
	Name   string
	ID     string // namespace.Name
	Doc    string
	Align  uint32 // wanted alignment, 0 for the natural one
	Fields []FieldDecl
	// Host says that the source language has laid the record out already:
	// every field has an offset and Size is the size of the whole. Layout then
	// checks rather than chooses. Set by the Go front end.
	Host     bool
	HostSize uint64
	Pos      Pos
}

// A FieldDecl is a field as written. Padding and reserved ranges have the type
// codes Padding and Reserved, with Len bytes each and no Dims.
type FieldDecl struct {
	Name       string
	Type       TypeDecl
	Optional   bool
	IsPresence bool
	Atomic     bool
	Align      uint32  // wanted alignment of the field, 0 for the type's
	Offset     *uint64 // wanted or (Host) actual offset
	// WantOffset is an offset the user asked for in a Host record, to be
	// compared with Offset.
	WantOffset *uint64
	Attrs      Attrs
	Pos        Pos // of the name
	TypePos    Pos // of the type
}

// A TypeDecl is the type of a FieldDecl. Lengths are 64-bit: nothing has been
// checked yet.
type TypeDecl struct {
	Code   TypeCode
	Len    uint64
	Dims   []uint64
	Record *RecordDecl
	Enum   *Enum
}
