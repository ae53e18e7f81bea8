package gosrc

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// Keys of struct tags without and with a value.
var (
	tagFlags  = []string{"optional", "presence", "atomic", "string", "bytes", "reserved"}
	tagValues = []string{
		"unit", "timestamp", "duration", "len", "align", "offset", "group", "since",
		"deprecated", "default", "scale", "was", "view", "metric", "as", "name",
	}
	tagKeys = append(append([]string(nil), tagFlags...), tagValues...)
)

// A fieldTag is what the blds tag of a field says. Defaults and scales are as
// they were written: what they may be depends on the type, and layout knows.
type fieldTag struct {
	args   []arg
	attrs  schema.Attrs
	align  uint32
	offset *uint64

	optional, presence, atomic, str, bytes, reserved bool
}

// parseTag reads the value of a blds tag.
func parseTag(value string) (t fieldTag, errs []textError) {
	if value == "" {
		return t, []textError{{schema.CodeTagSyntax, span{0, 1}, "the tag is empty", "remove it"}}
	}
	args, errs := parseArgs(value, ',', schema.CodeTagSyntax)
	for _, a := range args {
		if e, ok := t.add(a); !ok {
			errs = append(errs, e)
		}
	}
	return t, errs
}

// add takes one key over.
func (t *fieldTag) add(a arg) (textError, bool) {
	flag := contains(tagFlags, a.key)
	switch {
	case !flag && !contains(tagValues, a.key):
		return textError{schema.CodeTagKey, a.at, fmt.Sprintf("there is no key %q", a.key),
			meant(a.key, tagKeys, `use one of those that "blds-gen explain BLDS0431" lists`)}, false
	case t.has(a.key):
		return textError{schema.CodeTagKey, a.at, fmt.Sprintf("key %q is given twice", a.key), "remove one of them"}, false
	case flag && a.hasValue:
		return textError{schema.CodeTagValue, a.valAt, fmt.Sprintf("key %q takes no value", a.key), "write " + a.key}, false
	case !flag && !a.hasValue:
		return textError{schema.CodeTagValue, a.at, fmt.Sprintf("key %q needs a value", a.key), "write " + a.key + "=" + tagSample[a.key]}, false
	}
	t.args = append(t.args, a)
	if msg, remedy := t.set(a.key, a.value); msg != "" {
		return textError{schema.CodeTagValue, a.valAt, msg, remedy}, false
	}
	return textError{}, true
}

// tagSample has a value for each key that takes one, for remedies.
var tagSample = map[string]string{
	"unit": "degC", "timestamp": "ns", "duration": "ns", "len": "Field", "align": "64", "offset": "16",
	"group": "hot", "since": "1.2.0", "deprecated": "'why'", "default": "0", "scale": "0.01",
	"was": "name", "view": "name", "metric": "name", "as": "name", "name": "name",
}

func (t *fieldTag) has(key string) bool { return find(t.args, key) != nil }

// set stores one value. A message says that the key cannot have it.
func (t *fieldTag) set(key, value string) (msg, remedy string) {
	a := &t.attrs
	switch key {
	case "optional":
		t.optional = true
	case "presence":
		t.presence = true
	case "atomic":
		t.atomic = true
	case "string":
		t.str = true
	case "bytes":
		t.bytes = true
	case "reserved":
		t.reserved = true
	case "unit":
		a.Unit = value
	case "timestamp", "duration":
		if a.Time != schema.NoTime {
			return fmt.Sprintf("a field is either a timestamp or a duration, not %s too", key), "remove one of them"
		}
		if _, ok := schema.TimeUnitNumber(value); !ok {
			return fmt.Sprintf("%q is no unit of time", value), meant(value, schema.TimeUnitWords(), "use "+oneOf(schema.TimeUnitWords()))
		}
		a.Time, a.TimeUnit = schema.Timestamp, value
		if key == "duration" {
			a.Time = schema.Duration
		}
	case "len":
		a.LenField = value
	case "align":
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil || n == 0 {
			return fmt.Sprintf("%q is not an alignment", value), "use a power of two up to 128"
		}
		t.align = uint32(n)
	case "offset":
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			return fmt.Sprintf("%q is not an offset", value), "use a number of bytes"
		}
		t.offset = &n
	case "group":
		a.Group = value
	case "since":
		v, err := schema.ParseVersion(value)
		if err != nil {
			return err.Error(), "write it like 1.2.0"
		}
		a.Since = &v
	case "deprecated":
		a.Deprecated = value
	case "default":
		a.Default = &schema.Value{Text: value}
	case "scale":
		a.Scale = value
	case "was":
		a.Was = value
	case "view":
		a.View = value
	case "metric":
		a.Metric = value
	case "as":
		a.As = value
	case "name":
		a.NameAs = value
	}
	return "", ""
}

// A tagText is the value of the blds key of a struct tag.
type tagText struct {
	value string
	// base is the offset of value in the literal; -1 if the two differ because
	// the literal has escapes.
	base int
}

// findTag looks for the blds key in the literal of a struct tag. Package
// reflect stops silently at what it does not understand; a tag that was meant
// for us must not get lost that way.
func findTag(literal string) (t tagText, found bool, err *textError) {
	whole := span{0, max(len(literal), 1)}
	s, uerr := strconv.Unquote(literal)
	if uerr != nil {
		return t, false, &textError{schema.CodeTagSyntax, whole, "the struct tag is not a string", ""}
	}
	base := -1
	if !strings.Contains(literal, `\`) {
		base = 1
	}
	rest := s
	for rest != "" {
		trimmed := strings.TrimLeft(rest, " ")
		key, after, ok := strings.Cut(trimmed, ":")
		if trimmed == "" {
			break
		}
		quoted, qerr := strconv.QuotedPrefix(after)
		if !ok || qerr != nil || key == "" || quoted[0] != '"' || strings.ContainsFunc(key, noKey) {
			if !found && strings.Contains(strings.ToLower(trimmed), "blds") {
				return t, false, &textError{schema.CodeTagSyntax, whole, "the struct tag is malformed: Go would not see a blds key in it", "write it like `blds:\"unit=degC\"`"}
			}
			break
		}
		value, qerr := strconv.Unquote(quoted)
		rest = after[len(quoted):]
		switch {
		case qerr != nil:
			return t, false, &textError{schema.CodeTagSyntax, whole, "the struct tag is malformed", "write it like `blds:\"unit=degC\"`"}
		case key == "blds" && found:
			return t, found, &textError{schema.CodeTagSyntax, whole, "the struct tag has the key blds twice", "join the two"}
		case key == "blds":
			found, t = true, tagText{value, -1}
			if base >= 0 {
				t.base = base + len(s) - len(rest) - len(quoted) + 1
			}
		case strings.EqualFold(key, "blds"):
			return t, false, &textError{schema.CodeTagSyntax, whole, fmt.Sprintf("the struct tag has the key %q", key), "did you mean \"blds\"?"}
		}
	}
	return t, found, nil
}

// noKey reports whether reflect ends the key of a struct tag at r.
func noKey(r rune) bool { return r <= ' ' || r == '"' || r == 0x7f }
