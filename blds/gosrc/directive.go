package gosrc

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// directiveStart begins every directive. Go has no space there: a comment with
// a space is prose.
const directiveStart = "//blds:"

// directiveKeys are the directives and their keys. ignore has its own syntax.
var directiveKeys = map[string][]string{
	"schema": {"id", "version", "align", "deprecated"},
	"channel": {
		"policy", "capacity", "sync", "consumers", "page", "flex", "flex_mode",
		"checksum", "checksum_type", "timestamp", "spinlocks",
	},
	"enum":   {},
	"bits":   {},
	"const":  {"of"},
	"ignore": nil,
}

// directiveNames are the keys of directiveKeys in the order of the language.
var directiveNames = []string{"schema", "channel", "enum", "bits", "const", "ignore"}

// A directive is the text of one //blds: comment.
type directive struct {
	name   string
	nameAt span
	args   []arg
	// Of ignore: what code it names and why. They are not checked here.
	ignoreCode, ignoreReason string
}

// parseDirective reads a comment with its slashes. It reports false if the
// comment is no directive at all. A directive with errors is returned as far as
// it was understood; its name is "" if there is no such directive.
func parseDirective(comment string) (d directive, errs []textError, ok bool) {
	comment = strings.TrimRight(comment, " \t\r\n")
	rest, ok := strings.CutPrefix(comment, directiveStart)
	if !ok {
		return nearDirective(comment)
	}
	n := strings.IndexAny(rest, " \t")
	if n < 0 {
		n = len(rest)
	}
	name, off := rest[:n], len(directiveStart)
	d.nameAt = span{0, off + n}
	keys, known := directiveKeys[name]
	if !known {
		return d, []textError{{
			schema.CodeDirectiveUnknown, d.nameAt,
			fmt.Sprintf("there is no directive %q", directiveStart+name),
			meant(name, directiveNames, "use "+oneOf(directiveNames)),
		}}, true
	}
	d.name = name
	text := rest[n:]
	if name == "ignore" {
		code, reason, _ := strings.Cut(strings.TrimSpace(text), " ")
		d.ignoreCode, d.ignoreReason = code, strings.TrimSpace(reason)
		return d, nil, true
	}
	d.args, errs = parseArgs(text, ' ', schema.CodeDirectiveSyntax)
	for i := range d.args {
		d.args[i].at.off += off + n
		d.args[i].valAt.off += off + n
	}
	for i := range errs {
		errs[i].at.off += off + n
	}
	return d, append(errs, d.checkKeys(keys)...), true
}

// nearDirective finds comments that were meant to be directives: those with a
// space before blds, or in capitals.
func nearDirective(comment string) (d directive, errs []textError, ok bool) {
	text, isLine := strings.CutPrefix(comment, "//")
	if !isLine {
		return d, nil, false
	}
	text = strings.TrimLeft(text, " \t")
	word, _, _ := strings.Cut(text, " ")
	start, name, found := strings.Cut(word, ":")
	name = strings.ToLower(name)
	if _, known := directiveKeys[name]; !found || !known || !strings.EqualFold(start, "blds") {
		return d, nil, false
	}
	return d, []textError{{
		schema.CodeDirectiveSyntax, span{0, len(comment) - len(text) + len(word)},
		fmt.Sprintf("this comment looks like the directive %q but is none", directiveStart+name),
		"write " + directiveStart + name + ", without a space and in lower case",
	}}, true
}

// checkKeys finds keys that the directive does not have, has twice, or has
// without a value, and removes them.
func (d *directive) checkKeys(keys []string) (errs []textError) {
	good := d.args[:0]
	for _, a := range d.args {
		switch {
		case !contains(keys, a.key):
			remedy := "remove it: the directive has no keys"
			if len(keys) > 0 {
				remedy = meant(a.key, keys, "use "+oneOf(keys))
			}
			errs = append(errs, textError{schema.CodeDirectiveKey, a.at, fmt.Sprintf("%q has no key %q", directiveStart+d.name, a.key), remedy})
		case !a.hasValue:
			errs = append(errs, textError{schema.CodeDirectiveSyntax, a.at, fmt.Sprintf("key %q has no value", a.key), "write " + a.key + "=value"})
		case find(good, a.key) != nil:
			errs = append(errs, textError{schema.CodeDirectiveKey, a.at, fmt.Sprintf("key %q is given twice", a.key), "remove one of them"})
		default:
			good = append(good, a)
		}
	}
	d.args = good
	return errs
}

// arg returns the argument with the given key, nil if there is none.
func (d *directive) arg(key string) *arg { return find(d.args, key) }

func find(args []arg, key string) *arg {
	for i := range args {
		if args[i].key == key {
			return &args[i]
		}
	}
	return nil
}

func contains(words []string, w string) bool {
	for _, x := range words {
		if x == w {
			return true
		}
	}
	return false
}

// meant returns a did-you-mean remedy, or the given one if no name is near.
func meant(name string, candidates []string, otherwise string) string {
	if near := schema.Nearest(name, candidates); near != "" {
		return "did you mean " + strconv.Quote(near) + "?"
	}
	return otherwise
}

// oneOf joins words: "a, b or c".
func oneOf(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
