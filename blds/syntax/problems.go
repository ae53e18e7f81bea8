package syntax

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pylabhub/datahub/blds/schema"
)

// maxProblems is how many problems of one file are shown. Garbage has no end.
const maxProblems = 50

// problems collects the problems of one file.
type problems struct {
	list []schema.Problem
	full bool // maxProblems are reached: the rest is dropped
}

// add appends a problem and returns it for a note, or nil if the file has too
// many.
func (ps *problems) add(code schema.Code, pos schema.Pos, remedy, format string, args ...any) *schema.Problem {
	if ps.full {
		return nil
	}
	if len(ps.list) == maxProblems {
		ps.full = true
		ps.list = append(ps.list, schema.Problem{
			Code: schema.CodeTooMany, Pos: pos,
			Message: fmt.Sprintf("the file has more than %d problems", maxProblems),
			Remedy:  "mend those above first",
		})
		return nil
	}
	ps.list = append(ps.list, schema.Problem{
		Code: code, Pos: pos, Message: fmt.Sprintf(format, args...), Remedy: remedy,
	})
	return &ps.list[len(ps.list)-1]
}

func note(p *schema.Problem, pos schema.Pos, format string, args ...any) {
	if p != nil && pos.IsValid() {
		p.Notes = append(p.Notes, schema.Note{Pos: pos, Message: fmt.Sprintf(format, args...)})
	}
}

// sortProblems orders problems by place. The one that says that there are more
// stays behind the others of its file.
func sortProblems(list []schema.Problem) {
	more := func(p *schema.Problem) int {
		if p.Code == schema.CodeTooMany {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(list, func(a, b schema.Problem) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(more(&a), more(&b)),
			a.Pos.Compare(b.Pos),
			cmp.Compare(a.Code, b.Code))
	})
}

// quote returns s as messages show it: in double quotes, what cannot be seen
// escaped, shortened if it is long.
func quote(s string) string {
	const limit = 60
	if len(s) > limit {
		cut := limit
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "..."
	}
	return strconv.Quote(s)
}

// didYouMean returns the remedy for an unknown name, or otherwise if no
// candidate is near.
func didYouMean(name string, candidates []string, otherwise string) string {
	if near := schema.Nearest(name, candidates); near != "" {
		return "did you mean " + quote(near) + "?"
	}
	return otherwise
}

// oneOf lists words for a remedy: a, b or c.
func oneOf(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
