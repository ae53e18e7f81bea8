package schema

// Codes of annotated Go. Package gosrc reports them.
const (
	CodeGoLoad    Code = "BLDS0401" // the go command cannot list a package
	CodeGoNoFiles Code = "BLDS0402" // a folder or a pattern has no Go package
	CodeGoSyntax  Code = "BLDS0403" // a file of a package with schemas is not Go
	CodeGoType    Code = "BLDS0404" // the Go type checker refuses what a schema uses
	CodeGoImport  Code = "BLDS0405" // a package that a schema uses cannot be found

	CodeDirectiveUnknown Code = "BLDS0410" // a directive that does not exist
	CodeDirectivePlace   Code = "BLDS0411" // a directive that is not directly above its declaration
	CodeDirectiveKind    Code = "BLDS0412" // a directive on a type of the wrong kind
	CodeDirectiveAlias   Code = "BLDS0413" // a directive on an alias
	CodeDirectiveFile    Code = "BLDS0414" // a directive in a test or in a file with build constraints
	CodeDirectiveTwice   Code = "BLDS0415" // two directives that exclude each other on one declaration
	CodeDirectiveSyntax  Code = "BLDS0416" // the text of a directive is malformed
	CodeDirectiveKey     Code = "BLDS0417" // a key the directive does not have
	CodeDirectiveValue   Code = "BLDS0418" // a value the key cannot have
	CodeDirectiveMissing Code = "BLDS0419" // a required key is missing
	CodeGoNamespace      Code = "BLDS0420" // the schemas of one Go package are in two namespaces
	CodeGoConstOwner     Code = "BLDS0421" // of= names no schema of the package
	CodeGoConstType      Code = "BLDS0422" // a constant of a type that schemas do not have

	CodeTagSyntax Code = "BLDS0430" // a struct tag is malformed
	CodeTagKey    Code = "BLDS0431" // a tag key that does not exist, or twice
	CodeTagValue  Code = "BLDS0432" // a value the tag key cannot have
	CodeTagType   Code = "BLDS0433" // a tag key that does not go with the field's type

	CodePlatformInt   Code = "BLDS0440" // int, uint, uintptr: the width depends on the CPU
	CodeGoBool        Code = "BLDS0441" // a Go bool
	CodeGoString      Code = "BLDS0442" // a Go string
	CodeGoReference   Code = "BLDS0443" // a slice, map, pointer, interface, channel or func
	CodeGoComplex     Code = "BLDS0444" // a complex number
	CodeGoTime        Code = "BLDS0445" // a time.Time
	CodeGoAtomic      Code = "BLDS0446" // a type of sync/atomic that has no counterpart
	CodeGoGeneric     Code = "BLDS0447" // a type with type parameters
	CodeGoEmbedded    Code = "BLDS0448" // an embedded field
	CodeGoRecursion   Code = "BLDS0449" // a struct contains itself
	CodeGoUnnamed     Code = "BLDS0450" // a struct without a type declaration of its own
	CodeGoHidden      Code = "BLDS0451" // a record of another package has unexported fields
	CodeGoBlank       Code = "BLDS0452" // a blank field that is no byte array
	CodeGoZeroLength  Code = "BLDS0453" // an array of length zero
	CodeGoHostLayout  Code = "BLDS0454" // structs.HostLayout that is not the first field
	CodeGoCgo         Code = "BLDS0455" // a type of C
	CodeGoConstrained Code = "BLDS0456" // a schema uses what a file with build constraints declares
	CodeGoTooLarge    Code = "BLDS0457" // a struct is too large for an address
)
