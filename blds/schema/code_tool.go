package schema

// Codes of files, configuration and the command line.
const (
	CodeUsage         Code = "BLDS0001" // the command line is not understood
	CodeNotFound      Code = "BLDS0002" // a named file does not exist
	CodeUnreadable    Code = "BLDS0003" // a named file cannot be read
	CodeNotFile       Code = "BLDS0004" // a folder stands where a file is wanted
	CodeNoMatch       Code = "BLDS0005" // a pattern matches nothing
	CodeNotInput      Code = "BLDS0006" // an argument is neither a .blds file nor a package pattern
	CodeConfigSyntax  Code = "BLDS0007" // blds-gen.yaml is not the YAML it should be
	CodeConfigKey     Code = "BLDS0008" // blds-gen.yaml has a key that does not exist
	CodeConfigValue   Code = "BLDS0009" // a value in blds-gen.yaml is not possible
	CodeUnwritable    Code = "BLDS0010" // a file cannot be written
	CodeExists        Code = "BLDS0011" // a file that would be created exists already
	CodeUnknownCode   Code = "BLDS0012" // explain was asked for a code that does not exist
	CodeNoSchema      Code = "BLDS0013" // the input declares no schema
	CodeUnknownSchema Code = "BLDS0014" // --schema names none of the schemas
	CodeDescriptor    Code = "BLDS0015" // a file is no schema descriptor
	CodeInterrupted   Code = "BLDS0016" // the work was interrupted
)
