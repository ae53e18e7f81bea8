package doccheck

import (
	"regexp"
	"strings"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	fence   = regexp.MustCompile("(?ms)^```.*?^```[^\n]*$")
	inline  = regexp.MustCompile("`[^`\n]*`")
)

// links returns the targets of the links in a document, without those that
// leave the repository.
func links(doc []byte) []string {
	doc = inline.ReplaceAll(fence.ReplaceAll(doc, nil), nil)
	var targets []string
	for _, m := range link.FindAllSubmatch(doc, -1) {
		if t := string(m[1]); !strings.Contains(t, "://") && !strings.HasPrefix(t, "mailto:") {
			targets = append(targets, t)
		}
	}
	return targets
}

// anchors returns the names under which a document's headings are linked.
func anchors(doc []byte) []string {
	var names []string
	for _, m := range heading.FindAllSubmatch(fence.ReplaceAll(doc, nil), -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', '0' <= r && r <= '9', 'a' <= r && r <= 'z':
				return r
			}
			return -1
		}, strings.ToLower(string(m[1])))
		names = append(names, name)
	}
	return names
}
