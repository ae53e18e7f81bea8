package schema

// Codes of lint: accepted, but doubtful.
const (
	CodeImplicitPadding Code = "BLDS0601" // a Go struct has padding that is not written down
	CodeFieldOrder      Code = "BLDS0602" // another order of the fields needs fewer bytes
	CodeSharedLine      Code = "BLDS0603" // two atomic fields stand on one cache line
	CodeNoZeroValue     Code = "BLDS0604" // an enum has no name for zero
	CodeMissingDoc      Code = "BLDS0605" // a schema has no doc comment
	CodeUnitOnlyNamed   Code = "BLDS0606" // a field's unit stands in its name only
	CodeCountingBits    Code = "BLDS0607" // the values of a bit set count instead of being masks
	CodeSinceFuture     Code = "BLDS0608" // since= is newer than the schema
	CodeLargeSegment    Code = "BLDS0609" // a channel needs a very large segment
	CodeUnusedIgnore    Code = "BLDS0610" // an ignore comment that ignores nothing
	CodeBadIgnore       Code = "BLDS0611" // an ignore comment without a lint code or without a reason
	CodeNoNamespace     Code = "BLDS0612" // a schema has no namespace
)
