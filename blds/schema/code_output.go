package schema

// Codes of generated output.
const (
	CodeNameTaken       Code = "BLDS0701" // a generated name is one the user declared
	CodeNameTwice       Code = "BLDS0702" // two generated names are the same
	CodeOutputForeign   Code = "BLDS0703" // a file that blds-gen did not write is in the way
	CodeOutputNotFile   Code = "BLDS0704" // something that is no regular file, or no folder, is in the way
	CodeOutputReadOnly  Code = "BLDS0705" // an output file is write-protected
	CodeOutputFailed    Code = "BLDS0706" // the system refused to write or delete an output file
	CodeOutputTwice     Code = "BLDS0707" // two sources have the same output file
	CodeOutputStale     Code = "BLDS0708" // an output file is not what its source gives
	CodeOutputMissing   Code = "BLDS0709" // an output file does not exist
	CodeOutputUntracked Code = "BLDS0710" // an output file has no source any more
	CodeGoImportCycle   Code = "BLDS0711" // generated Go packages would import each other
	CodeGoImportUnknown Code = "BLDS0712" // a type's Go package has no import path
	CodeGoUnexported    Code = "BLDS0713" // a schema's Go type is not exported
	CodeGoNotImportable Code = "BLDS0714" // no Go program could import the generated package
)
