package schema

// A Schema is a record type with an identity, laid out.
type Schema struct {
	ID         string // namespace.Name, as written
	Version    Version
	Doc        string // comment text without markers, lines joined by \n
	Deprecated string // why, if it is
	Order      ByteOrder
	Record     *Record
	Consts     []Const // in folded name order

	// Channel and Flex stand outside the schema's identity.
	Channel *Channel // nil: record-only
	Flex    *Schema  // the type of the channel's flexible zone, nil if it has none

	Pos Pos // where it was declared; zero if decoded
}

// Namespace returns the part of the id before its last dot, "" if there is none.
func (s *Schema) Namespace() string { ns, _ := SplitID(s.ID); return ns }

// Name returns the last part of the id: the type's name as written.
func (s *Schema) Name() string { _, n := SplitID(s.ID); return n }

// ByteOrder is the order of bytes of every multi-byte field of a schema.
// The front ends only make LittleEndian; a decoder may meet another.
type ByteOrder uint8

const (
	LittleEndian ByteOrder = 1
	BigEndian    ByteOrder = 2
)

// A Record is a laid-out record type. Its members name each of its Size bytes
// exactly once, in offset order.
type Record struct {
	Name    string // as written, without its namespace; not part of any hash
	ID      string // namespace.Name of the declaration; of a schema, the schema's
	Doc     string
	Size    uint32 // bytes, at most MaxSize
	Align   uint32 // bytes, a power of two, at most MaxAlign
	Stride  uint32 // distance of array elements: Size rounded up to Align
	Members []Member
	Pos     Pos
}

// A Member is a field, a presence word, padding or a reserved range of a record.
type Member struct {
	Name   string // as written; "" for padding, and for what the compiler placed
	Offset uint32 // from the start of the record
	Size   uint32 // of all array elements together
	Align  uint32 // of one element; larger than the type's own if asked for
	Type   Type
	Flags  Flags
	// Presence is the presence bit of a member with FlagOptional.
	Presence PresenceBit
	Attrs    Attrs
	Pos      Pos
}

// IsField reports whether m holds a value: it is no padding, no reserved range
// and no presence word.
func (m *Member) IsField() bool {
	return m.Type.Code != Padding && m.Type.Code != Reserved && m.Flags&FlagPresence == 0
}

// Flags are properties of a member that belong to its layout.
type Flags uint8

const (
	FlagOptional Flags = 1 << iota // has a presence bit
	FlagPresence                   // is a presence word; Type is U8, U16, U32 or U64
	FlagAtomic                     // only touched by atomic operations; Type is I32, I64, U32 or U64
)

// A PresenceBit says which bit tells whether an optional field is there: bit
// Bit of the record's presence word number Word, both counted from 0, words in
// offset order.
type PresenceBit struct {
	Word uint16
	Bit  uint8
}

// A Type is the type of a member. Dims, outermost first, is nil for a scalar.
type Type struct {
	Code   TypeCode
	Len    uint32   // String, Bytes, Padding, Reserved: bytes of one element
	Dims   []uint32 // array dimensions, outermost first, each at least 1
	Record *Record  // Code == RecordType
	Enum   *Enum    // integer codes only, nil if it is a plain integer
}

// Count returns the number of elements, 1 for a scalar. It does not overflow
// for types that layout accepted.
func (t *Type) Count() uint64 {
	n := uint64(1)
	for _, d := range t.Dims {
		n *= uint64(d)
	}
	return n
}

// TypeCode is the basic type of a member. The numbers are part of the
// canonical form and never change.
type TypeCode uint8

const (
	U8         TypeCode = 1
	U16        TypeCode = 2
	U32        TypeCode = 3
	U64        TypeCode = 4
	I8         TypeCode = 5
	I16        TypeCode = 6
	I32        TypeCode = 7
	I64        TypeCode = 8
	F32        TypeCode = 9
	F64        TypeCode = 10
	Bool       TypeCode = 11 // one byte, non-zero is true
	String     TypeCode = 12 // Len bytes: UTF-8, padded with NUL, no NUL inside
	Bytes      TypeCode = 13 // Len bytes, of which the field Attrs.LenField counts the valid ones
	RecordType TypeCode = 14 // a nested record
	Padding    TypeCode = 15 // Len bytes that mean nothing
	Reserved   TypeCode = 16 // Len bytes kept for later versions
)

// An Enum is the table of an enumeration or of a bit set.
type Enum struct {
	Name string // as written; not part of any hash
	ID   string // namespace.Name of the declaration
	Doc  string
	Base TypeCode // U8..U64, I8..I64; a bit set is unsigned
	Bits bool     // a bit set: values are masks
	// Values stand in declaration order. Of several names for one value the
	// first is the name, the others are aliases.
	Values []EnumValue
	Pos    Pos
}

// An EnumValue is one named value. Value holds the bits of the number,
// sign-extended to 64 for signed bases.
type EnumValue struct {
	Name       string // as written in .blds, or in Go without the type's prefix
	GoName     string // the constant's name in Go if it was written there, else ""
	Value      uint64
	Doc        string
	Deprecated string
	Pos        Pos
}

// A Const is a constant that belongs to a schema.
type Const struct {
	Name   string
	GoName string // the constant's name in Go if it was written there, else ""
	Value  Value
	Doc    string
	Pos    Pos
}

// A Value is a typed literal: of a constant or a default.
type Value struct {
	Code TypeCode // U8..F64, Bool or String
	// Text is the canonical spelling: decimal for integers, the shortest form
	// that reads back to the same value for floats (strconv 'g'; of F32 with
	// bitSize 32), true or false, the string itself. A default of an enum field is
	// the folded name of the value. Before layout any spelling that ParseValue
	// reads will do, and the Code of a default is not looked at.
	Text string
}

// Attrs say what a member means and how it came about. What belongs to the
// meaning section is hashed there, the rest is annotation.
type Attrs struct {
	// Meaning.
	Unit     string   // of a number, as written
	Time     TimeKind // what an integer counts, TimeUnit its unit
	TimeUnit string   // s, ms, us or ns
	LenField string   // of Bytes: the name of the u32 field with the number of valid bytes
	Default  *Value
	Scale    string // a finite non-zero f64, spelled like a Value's Text, "" if none

	// Annotation.
	Doc        string
	Group      string   // cache-line group
	Since      *Version // first version that has it
	Deprecated string
	Was        string // former name
	View       string
	Metric     string
	As         string
	NameAs     string // key "name"
}

// TimeKind says whether an integer is a point in time or a span.
type TimeKind uint8

const (
	NoTime    TimeKind = 0
	Timestamp TimeKind = 1 // since the Unix epoch, UTC
	Duration  TimeKind = 2
)

// Limits of a schema. They are checked before anything is multiplied out.
const (
	MaxSize      = 1 << 30 // bytes of a record
	MaxAlign     = 128
	MaxDepth     = 16      // records inside records, the outermost counts
	MaxFields    = 65536   // members, nested records inlined, an array counts once
	MaxCanonical = 1 << 20 // bytes of the canonical form
	MaxName      = 255     // bytes of one identifier
	MaxID        = 1024    // bytes of an id
	MaxDims      = 8
	MaxText      = 4096 // bytes of a unit, an attribute or a string constant
	MaxDoc       = 65536
)
