// Package naming translates names between .blds and Go. It is the one place
// that knows the rules, so that the generator and the exporter cannot differ;
// docs/naming.md tells them to people.
//
// Every translation changes letter case and underscores only, that is, it
// never changes a name's folded form ([schema.Fold]) and so never a hash. Two
// names that may stand in one record therefore have two Go names.
package naming

import (
	"go/token"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// Initialisms returns the words that are written in capitals in a Go name, in
// lower case and alphabetical order.
func Initialisms() []string { return append([]string(nil), initialisms...) }

var initialisms = []string{
	"api", "cpu", "crc", "db", "eof", "fps", "gid", "gps", "gpu", "http", "id",
	"imu", "io", "ip", "json", "ms", "ns", "os", "pid", "ram", "rgb", "rgba",
	"tcp", "ttl", "udp", "ui", "uid", "uri", "url", "us", "utc", "uuid", "xml",
}

var isInitialism = func() map[string]bool {
	m := make(map[string]bool, len(initialisms))
	for _, w := range initialisms {
		m[w] = true
	}
	return m
}()

// GoName returns the exported Go name of a .blds name: time_ns is TimeNS,
// vec3 is Vec3, crc32 is CRC32. The name must be an identifier
// ([schema.IsIdent]).
func GoName(name string) string {
	var b strings.Builder
	b.Grow(len(name))
	for len(name) > 0 {
		i := 1
		for i < len(name) && name[i] != '_' && (isUpper(name[i-1]) || !isUpper(name[i])) {
			i++
		}
		writeGoWord(&b, strings.Trim(name[:i], "_"))
		name = name[i:]
	}
	return b.String()
}

// writeGoWord writes one word of a Go name. The letters after the first stay as
// they are, so that a name that is Go's already keeps its spelling.
func writeGoWord(b *strings.Builder, w string) {
	letters := strings.TrimRight(w, "0123456789")
	switch {
	case w == "":
	case isInitialism[strings.ToLower(letters)]:
		b.WriteString(strings.ToUpper(w))
	default:
		b.WriteString(strings.ToUpper(w[:1]))
		b.WriteString(w[1:])
	}
}

// BldsName returns the .blds name of a Go name: TimeNS is time_ns, HTTPServer is
// http_server. A run of capitals is one word, but for its last letter if a
// lower-case one follows.
func BldsName(name string) string {
	var b strings.Builder
	b.Grow(len(name) + 4)
	under := true // no underscore needed before the next letter
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c == '_' {
			if !under && strings.Trim(name[i:], "_") != "" {
				b.WriteByte('_')
			}
			under = true
			continue
		}
		border := isUpper(c) && i > 0 &&
			(!isUpper(name[i-1]) || i+1 < len(name) && isLower(name[i+1]))
		if border && !under {
			b.WriteByte('_')
		}
		if isUpper(c) {
			c += 'a' - 'A'
		}
		b.WriteByte(c)
		under = false
	}
	return b.String()
}

// EnumValue returns the Go name of a value of an enum or bit set: idle of State
// is StateIdle. Both names are .blds names.
func EnumValue(enum, value string) string { return GoName(enum) + GoName(value) }

// SchemaConst returns the Go name of a constant of a schema: max_rate of Reading is
// ReadingMaxRate. Both names are .blds names.
func SchemaConst(schema, name string) string { return GoName(schema) + GoName(name) }

// FieldConst returns the Go name of the constant that names a field of a schema
// or record: time_ns of Reading is FieldReadingTimeNS. Both names are .blds
// names.
func FieldConst(record, field string) string { return "Field" + GoName(record) + GoName(field) }

// TrimType returns the name of a Go constant without the name of the type it
// belongs to, which is the constant's name in the schema: StateIdle of State is
// Idle, State_idle is idle. The first letter of the type may be in the other
// case, as for unexported constants. A constant that is not named after its
// type, or would have no valid name left, keeps its name.
func TrimType(goType, goConst string) string {
	n := len(goType)
	if n == 0 || len(goConst) <= n || goConst[1:n] != goType[1:] ||
		!strings.EqualFold(goConst[:1], goType[:1]) {
		return goConst
	}
	if rest := strings.TrimLeft(goConst[n:], "_"); schema.IsIdent(rest) {
		return rest
	}
	return goConst
}

// GoPackageDir returns the folder of the Go package of a namespace that names
// none itself, below the module's root, slash-separated: lab.weather is
// generated/lab/weather.
func GoPackageDir(namespace string) string {
	if namespace == "" {
		return "generated"
	}
	return "generated/" + strings.ReplaceAll(strings.ToLower(namespace), ".", "/")
}

// GoPackageName returns the name of the Go package in a folder: its last part in
// lower case, without what cannot stand in a name. A word that Go does not
// allow there, or gives another meaning, gets an underscore at its end.
func GoPackageName(dir string) string {
	base := strings.ToLower(dir[strings.LastIndexByte(dir, '/')+1:])
	name := strings.TrimLeft(strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '_' {
			return r
		}
		return -1
	}, base), "0123456789_")
	if name == "" || name == "main" || token.IsKeyword(name) || strings.HasSuffix(name, "_test") {
		name += "_"
	}
	if name == "_" {
		return "blds_"
	}
	return name
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
