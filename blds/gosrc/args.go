package gosrc

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pylabhub/datahub/blds/schema"
)

// A span is a range of bytes of the text it was found in.
type span struct{ off, len int }

// An arg is one `key` or `key=value` of a struct tag or a directive.
type arg struct {
	key, value string
	hasValue   bool
	at, valAt  span // of the key, of the value
}

// A textError is something wrong inside the text of a tag or a directive.
type textError struct {
	code        schema.Code
	at          span
	msg, remedy string
}

// parseArgs splits text at sep, a comma in tags and a space in directives. A
// value that holds sep, or begins or ends with a space, stands in single quotes,
// and a quote inside of it is doubled. What is malformed is left out of the
// result and told once, with the given code.
func parseArgs(text string, sep byte, code schema.Code) (args []arg, errs []textError) {
	p := argParser{text: text, sep: sep, code: code}
	for p.more() {
		if a, ok := p.next(); ok {
			args = append(args, a)
		}
	}
	return args, p.errs
}

type argParser struct {
	text string
	pos  int
	sep  byte
	code schema.Code
	errs []textError
}

func (p *argParser) fail(from, to int, remedy, format string, args ...any) {
	p.errs = append(p.errs, textError{p.code, span{from, max(to-from, 1)}, fmt.Sprintf(format, args...), remedy})
}

func (p *argParser) isSep(c byte) bool { return c == p.sep || p.sep == ' ' && c == '\t' }

// more moves to the beginning of the next arg.
func (p *argParser) more() bool {
	if p.sep == ' ' {
		for p.pos < len(p.text) && p.isSep(p.text[p.pos]) {
			p.pos++
		}
	}
	return p.pos < len(p.text)
}

// end returns where the run of bytes from i that are no separator ends.
func (p *argParser) end(i int) int {
	for i < len(p.text) && !p.isSep(p.text[i]) {
		i++
	}
	return i
}

// next reads one arg and the separator behind it.
func (p *argParser) next() (a arg, ok bool) {
	start := p.pos
	keyEnd := p.end(start)
	if eq := strings.IndexByte(p.text[start:keyEnd], '='); eq >= 0 {
		keyEnd = start + eq
		a.hasValue = true
	}
	a.key, a.at = p.text[start:keyEnd], span{start, keyEnd - start}
	p.pos = keyEnd
	ok = p.checkKey(a)
	if a.hasValue {
		p.pos++
		var valOK bool
		a.value, valOK = p.value(a.key)
		a.valAt = span{keyEnd + 1, p.pos - keyEnd - 1}
		ok = ok && valOK
	}
	if p.pos < len(p.text) {
		p.pos++
		if p.sep == ',' && p.pos == len(p.text) {
			p.fail(p.pos-1, p.pos, "remove it", "there is nothing behind the last comma")
		}
	}
	return a, ok
}

func (p *argParser) checkKey(a arg) bool {
	from, to := a.at.off, a.at.off+a.at.len
	switch {
	case a.key == "" && a.hasValue:
		p.fail(from, from+1, "write key=value", `there is no key before "="`)
	case a.key == "":
		p.fail(from, from+1, "remove one comma", "there is nothing between two commas")
	case strings.TrimSpace(a.key) == "":
		p.fail(from, to, "remove it", "there is only space between two commas")
	case strings.TrimSpace(a.key) != a.key:
		p.fail(from, to, "remove the space", "there is a space beside the key %q", strings.TrimSpace(a.key))
	case strings.ContainsFunc(a.key, notKey):
		p.fail(from, to, "write key or key=value", "%q is not a key", a.key)
	default:
		return true
	}
	return false
}

func notKey(r rune) bool {
	return r >= utf8.RuneSelf || r <= ' ' || r == '\'' || r == '"' || r == '`'
}

// value reads the value at p.pos and leaves p.pos at the separator behind it.
func (p *argParser) value(key string) (v string, ok bool) {
	start := p.pos
	if start < len(p.text) && p.text[start] == '\'' {
		if v, ok = p.quoted(key); !ok {
			return "", false
		}
	} else {
		p.pos = p.end(start)
		v = p.text[start:p.pos]
	}
	switch {
	case v == "":
		p.fail(start-1, max(p.pos, start), "give a value, or remove the key", "%q has an empty value", key)
	case p.text[start] != '\'' && strings.TrimSpace(v) != v:
		p.fail(start, p.pos, "remove the space, or put the value in single quotes", "the value of %q has a space at its end", key)
	case p.sep == ' ' && p.text[start] != '\'' && strings.HasSuffix(v, ","):
		p.fail(p.pos-1, p.pos, "remove the comma", "keys of a directive are separated by spaces")
	case !utf8.ValidString(v):
		p.fail(start, p.pos, "save the file as UTF-8", "the value of %q is not UTF-8", key)
	case strings.ContainsFunc(v, unicode.IsControl):
		p.fail(start, p.pos, "remove it", "the value of %q has a control character", key)
	default:
		return v, true
	}
	return "", false
}

// quoted reads a value in single quotes.
func (p *argParser) quoted(key string) (v string, ok bool) {
	start := p.pos
	var b strings.Builder
	for i := start + 1; i < len(p.text); i++ {
		if p.text[i] != '\'' {
			b.WriteByte(p.text[i])
			continue
		}
		if i+1 < len(p.text) && p.text[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		p.pos = p.end(i + 1)
		if p.pos != i+1 {
			p.fail(i+1, p.pos, "write '' for a quote inside of the value", "there is text behind the closing quote of %q", key)
			return "", false
		}
		return b.String(), true
	}
	p.pos = len(p.text)
	p.fail(start, p.pos, "close it with '", "the quote of %q is not closed", key)
	return "", false
}
