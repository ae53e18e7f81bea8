// Package diag shows problems to people and to programs: it knows how severe
// each code is, what there is to say about it at length, and how a list of
// problems is written as text, JSON, GitHub annotations or SARIF.
package diag

import (
	"cmp"
	"slices"

	"github.com/pylabhub/datahub/blds/schema"
)

// A Diagnostic is a problem and how much it matters.
type Diagnostic struct {
	schema.Problem
	Severity Severity
}

// Grade gives each problem its severity: the one set for its code in levels,
// else the default. Problems that are switched off are left out. The result is
// sorted by place and holds nothing twice.
func Grade(problems []schema.Problem, levels map[schema.Code]Severity) []Diagnostic {
	out := make([]Diagnostic, 0, len(problems))
	for _, p := range problems {
		sev, set := levels[p.Code]
		if !set {
			sev = DefaultSeverity(p.Code)
		}
		if sev != Off {
			out = append(out, Diagnostic{p, sev})
		}
	}
	slices.SortStableFunc(out, func(a, b Diagnostic) int {
		return cmp.Or(a.Pos.Compare(b.Pos), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(out, func(a, b Diagnostic) bool {
		return a.Pos == b.Pos && a.Code == b.Code && a.Message == b.Message
	})
}

// Count returns how many diagnostics have at least the given severity.
func Count(ds []Diagnostic, least Severity) int {
	n := 0
	for _, d := range ds {
		if d.Severity >= least {
			n++
		}
	}
	return n
}
