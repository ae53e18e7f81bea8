package syntax

import "github.com/pylabhub/datahub/blds/schema"

// A File is the syntax tree of one .blds file.
type File struct {
	Name      string     // as in positions
	Namespace *Namespace // nil if it has none
	GoPackage *GoPackage // nil for the default
	Imports   []*Import
	Decls     []Decl
	End       []Comment // comments behind the last declaration
}

// A Comment is a line of comment.
type Comment struct {
	Text  string // what follows the two slashes
	Blank bool   // an empty line stands before it
	Pos   schema.Pos
}

// Comments are the comments of one node. A comment in the midst of a node counts
// as one before it.
type Comments struct {
	Blank bool      // an empty line stands before the node and its doc comment
	Lead  []Comment // before the doc comment
	Doc   []string  // lines of the doc comment without slashes and first space
	Trail *Comment  // behind the node on its last line
}

// A Name is a name or a dotted name, without backquotes.
type Name struct {
	Text string
	Pos  schema.Pos
}

// Namespace is "namespace a.b.c".
type Namespace struct {
	Comments
	Name Name
	Pos  schema.Pos // of the keyword
}

// GoPackage is "go_package" and the folder of the package.
type GoPackage struct {
	Comments
	Path    string
	Pos     schema.Pos
	PathPos schema.Pos
}

// Import is "import" and a path, with "as" and an alias or without.
type Import struct {
	Comments
	Path    string
	Alias   Name // Text is "" if there is none
	Pos     schema.Pos
	PathPos schema.Pos
}

// A Decl is a declaration of a file: a *Const, *Enum, *Record or *Channel.
type Decl interface {
	comments() *Comments
	// isLine reports whether the declaration is written on one line.
	isLine() bool
}

// A Member is a member of a record: a *Field, *Pad, *Group or *Const.
type Member interface{ comments() *Comments }

// Const is a constant, of a file or of a schema.
type Const struct {
	Comments
	Name  Name
	Type  Name  // a scalar type, or string
	Value *Expr // may be a string
	Pos   schema.Pos
}

// Enum is an enumeration or a bit set.
type Enum struct {
	Comments
	Bits   bool
	Name   Name
	Base   Name
	Attrs  []Attr
	Body   Body
	Values []*EnumValue
	Pos    schema.Pos
}

// EnumValue is one value of an Enum.
type EnumValue struct {
	Comments
	Name  Name
	Value *Expr
	Attrs []Attr
}

// Record is a record, or a schema: a record with a version.
type Record struct {
	Comments
	Schema  bool
	Name    Name
	Version *Version // of a schema
	Attrs   []Attr
	Body    Body
	Members []Member
	Pos     schema.Pos
}

// A Version is a version as written.
type Version struct {
	schema.Version
	Pos schema.Pos
}

// Channel holds the policies of a schema.
type Channel struct {
	Comments
	Name     Name
	Body     Body
	Policies []*Policy
	Pos      schema.Pos
}

// Policy is one policy of a channel: a key and a word, a number or a name.
type Policy struct {
	Comments
	Key   Name
	Value *Expr
}

// Field is a field of a record.
type Field struct {
	Comments
	Name  Name
	Type  Type
	Attrs []Attr
}

// Pad is bytes without a name: padding, or a reserved range.
type Pad struct {
	Comments
	Reserved bool
	Len      *Expr
	Attrs    []Attr
	Pos      schema.Pos
}

// Group is a group of fields that have cache lines of their own.
type Group struct {
	Comments
	Name    Name
	Attrs   []Attr
	Body    Body
	Members []Member // *Field and *Pad
	Pos     schema.Pos
}

// A Body is what braces hold besides their items.
type Body struct {
	Line bool      // written on one line; of Enum and Channel only
	Open *Comment  // behind the opening brace
	End  []Comment // before the closing brace
}

// A Type is the type of a field.
type Type struct {
	Code schema.TypeCode // scalar, String or Bytes; 0 for a named type
	Name Name            // of a named type
	Len  *Expr           // of String and Bytes
	Dims []*Expr         // outermost first
	Pos  schema.Pos      // of the whole type
}

// An Attr is an attribute: @name or @name(argument).
type Attr struct {
	Name Name
	Arg  *Expr // nil if it has none; may be a string or a version
	Pos  schema.Pos
}

// An ExprKind is the kind of an expression.
type ExprKind uint8

const (
	IntExpr     ExprKind = iota + 1 // Text as written: 10, 0x1f, 4k
	FloatExpr                       // Text as written: 0.5, 1e-9
	NameExpr                        // Text is the name, maybe dotted
	StringExpr                      // Text is the value
	VersionExpr                     // Text as written: 1.0.0
	UnaryExpr                       // Op X: - ~
	BinaryExpr                      // X Op Y: + - * / % << >> | & ^
	ParenExpr                       // ( X )
)

// An Expr is an expression, or a literal where one may stand. Strings and
// versions are never part of a larger expression.
type Expr struct {
	Kind ExprKind
	Op   string
	Text string
	X, Y *Expr
	Pos  schema.Pos // of the whole expression
}

func (n *Comments) comments() *Comments { return n }

func (*Const) isLine() bool     { return true }
func (d *Enum) isLine() bool    { return d.Body.Line }
func (*Record) isLine() bool    { return false }
func (d *Channel) isLine() bool { return d.Body.Line }
