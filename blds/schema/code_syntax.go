package schema

// Codes of .blds text. The first are found while reading the letters and the
// grammar of one file, those from BLDS0220 while resolving what the names mean.
const (
	CodeByteOrderMark Code = "BLDS0201" // the file begins with a byte order mark
	CodeNotUTF8       Code = "BLDS0202" // the file is not UTF-8
	CodeControlChar   Code = "BLDS0203" // a character that cannot be seen
	CodeUnknownChar   Code = "BLDS0204" // a character that means nothing here
	CodeBadNumber     Code = "BLDS0205" // a number that is not written like one
	CodeBadString     Code = "BLDS0206" // a string without an end, or with a bad escape
	CodeBadComment    Code = "BLDS0207" // a comment that is none of the language
	CodeTooLong       Code = "BLDS0208" // a file or a word that is too long
	CodeBadWord       Code = "BLDS0209" // a name that is not written like one
	CodeUnexpected    Code = "BLDS0210" // something else was expected here
	CodeStrayDoc      Code = "BLDS0211" // a doc comment that belongs to nothing
	CodeFileOrder     Code = "BLDS0212" // the head of a file out of order, or given twice
	CodeNeedsLength   Code = "BLDS0213" // string or bytes without a length
	CodeDeepExpr      Code = "BLDS0214" // an expression of too many parts
	CodeTooMany       Code = "BLDS0215" // the file has more problems than are shown

	CodeUnknownAttr   Code = "BLDS0220" // an attribute that does not exist
	CodeAttrTwice     Code = "BLDS0221" // an attribute given twice
	CodeAttrPlace     Code = "BLDS0222" // an attribute where it means nothing
	CodeAttrValue     Code = "BLDS0223" // an attribute with the wrong kind of value
	CodeUnknownPolicy Code = "BLDS0224" // a channel policy that does not exist
	CodePolicyTwice   Code = "BLDS0225" // a channel policy given twice
	CodePolicyValue   Code = "BLDS0226" // a channel policy with the wrong kind of value
	CodeUnknownType   Code = "BLDS0227" // a type that does not exist
	CodeNotType       Code = "BLDS0228" // a name that is no type
	CodeConstPlace    Code = "BLDS0230" // a constant where none may stand
	CodeGroup         Code = "BLDS0231" // a group without fields, or two of one name
	CodeChannelSchema Code = "BLDS0233" // a channel of something that is no schema of the file
	CodeChannelTwice  Code = "BLDS0234" // two channels of one schema

	CodeBadPath      Code = "BLDS0240" // a path that is not relative and slash-separated
	CodeImport       Code = "BLDS0241" // an imported file cannot be read
	CodeImportCycle  Code = "BLDS0242" // files that import each other
	CodeImportName   Code = "BLDS0243" // an import given twice, or two imports of one name
	CodeGoPackage    Code = "BLDS0244" // one namespace in two Go packages, or two in one
	CodeUnknownConst Code = "BLDS0250" // a constant that does not exist
	CodeConstType    Code = "BLDS0251" // a value of another type than is needed
	CodeConstCycle   Code = "BLDS0252" // constants that need each other
	CodeOverflow     Code = "BLDS0253" // a number beyond 64 bits
	CodeArithmetic   Code = "BLDS0254" // a division by zero, or an impossible shift
	CodeDoesNotFit   Code = "BLDS0255" // a number that its type cannot hold
)
