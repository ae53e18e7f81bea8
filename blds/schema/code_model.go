package schema

// Codes of names, types, layout and limits. Package layout reports them for
// both front ends.
const (
	CodeBadName           Code = "BLDS0301" // a name is not an identifier of the language
	CodeDuplicateField    Code = "BLDS0302" // two names of one record fold alike
	CodeDuplicateID       Code = "BLDS0303" // two declarations have one id
	CodeBadID             Code = "BLDS0304" // an id is not a dotted list of identifiers
	CodeReservedNamespace Code = "BLDS0305" // the namespace blds belongs to the language
	CodeRecursion         Code = "BLDS0306" // a record contains itself
	CodeEmptyRecord       Code = "BLDS0307" // a record has no bytes
	CodeZeroSize          Code = "BLDS0308" // a length or a dimension is zero
	CodeTooLarge          Code = "BLDS0309" // a record, a field or an offset is beyond 1 GiB
	CodeTooDeep           Code = "BLDS0310" // records are nested too deeply
	CodeTooManyFields     Code = "BLDS0311" // a record has too many fields, nested ones inlined
	CodeFieldOverlap      Code = "BLDS0312" // two fields share a byte
	CodeMisaligned        Code = "BLDS0313" // a wanted offset is no multiple of the alignment
	CodeBadAlign          Code = "BLDS0314" // a wanted alignment is impossible
	CodeHostOffset        Code = "BLDS0315" // a Go field does not stand at the offset it names
	CodeHostAlign         Code = "BLDS0316" // a Go field or struct does not have the alignment it names
	CodeGroupSplit        Code = "BLDS0317" // the fields of a group are not consecutive
	CodeGroupLines        Code = "BLDS0318" // a group does not have its cache lines to itself
	CodeCanonicalTooLarge Code = "BLDS0319" // the canonical form of a schema is beyond 1 MiB
	CodeTooManyDims       Code = "BLDS0320" // an array has too many dimensions
	CodeBadText           Code = "BLDS0321" // a text is too long, not UTF-8, or has control characters

	CodePresenceType Code = "BLDS0330" // a presence word is not a plain unsigned integer
	CodePresenceBits Code = "BLDS0331" // there are more optional fields than presence bits
	CodeOptionalKind Code = "BLDS0332" // what is no field cannot be optional
	CodeAtomicType   Code = "BLDS0333" // the type cannot be touched atomically

	CodeLenMissing   Code = "BLDS0340" // a blob does not name its length field
	CodeLenField     Code = "BLDS0341" // a blob's length field is missing or of another type
	CodeLenShared    Code = "BLDS0342" // two blobs share one length field
	CodeBlobArray    Code = "BLDS0343" // a blob is an array
	CodeUnitType     Code = "BLDS0344" // a unit on what is no number
	CodeTimeType     Code = "BLDS0345" // a time on what is no 32 or 64-bit integer, beside a unit, or in an unknown unit
	CodeBadDefault   Code = "BLDS0347" // a default the field cannot hold
	CodeBadScale     Code = "BLDS0348" // a scale that is no finite non-zero number, or on what is no number
	CodeAttrMismatch Code = "BLDS0349" // an attribute on a member that cannot have it

	CodeEnumBase      Code = "BLDS0350" // the base type of an enum or a bit set is not an integer
	CodeEnumEmpty     Code = "BLDS0351" // an enum has no values
	CodeEnumRange     Code = "BLDS0352" // an enum value does not fit the base type
	CodeEnumDuplicate Code = "BLDS0353" // two names of one enum fold alike

	CodeBadConst       Code = "BLDS0360" // a constant's value does not fit its type
	CodeDuplicateConst Code = "BLDS0361" // two names of constants fold alike
)
