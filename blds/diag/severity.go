package diag

import (
	"fmt"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// Severity says how much a problem matters. The order is meaningful.
type Severity uint8

const (
	Off     Severity = iota // not reported
	Info                    // reported, does not fail a lint run
	Warning                 // fails a lint run
	Error                   // fails everything
)

var severityNames = [...]string{"off", "info", "warning", "error"}

// String returns off, info, warning or error.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return fmt.Sprintf("Severity(%d)", uint8(s))
}

// SeverityNames returns the names ParseSeverity knows, mildest first.
func SeverityNames() []string { return severityNames[:] }

// ParseSeverity returns the severity with the given name.
func ParseSeverity(name string) (Severity, bool) {
	for i, n := range severityNames {
		if n == name {
			return Severity(i), true
		}
	}
	return Off, false
}

// IsLint reports whether a code is a finding of lint: something that is
// accepted but doubtful. Only those may be ignored or given another severity.
func IsLint(code schema.Code) bool { return strings.HasPrefix(string(code), "BLDS06") }

// infos are the lint codes that are advice rather than findings.
var infos = map[schema.Code]bool{
	schema.CodeMissingDoc:    true,
	schema.CodeNoZeroValue:   true,
	schema.CodeSharedLine:    true,
	schema.CodeUnitOnlyNamed: true,
}

// DefaultSeverity returns the severity of a code that no configuration changes.
func DefaultSeverity(code schema.Code) Severity {
	switch {
	case infos[code]:
		return Info
	case IsLint(code):
		return Warning
	}
	return Error
}
