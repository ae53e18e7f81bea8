package gosrc

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pylabhub/datahub/blds/layout"
)

func TestQuotedValuesReadBack(t *testing.T) {
	for _, tt := range []struct {
		text string
		sep  byte
		want []string // key, value, key, value
	}{
		{"unit=degC", ',', []string{"unit", "degC"}},
		{"optional,unit=m/s^2,since=1.2.0", ',', []string{"optional", "", "unit", "m/s^2", "since", "1.2.0"}},
		{"deprecated='it drifts, use x'", ',', []string{"deprecated", "it drifts, use x"}},
		{"deprecated='it''s '", ',', []string{"deprecated", "it's "}},
		{"deprecated=it's fine", ',', []string{"deprecated", "it's fine"}},
		{"a=''''", ',', []string{"a", "'"}},
		{"a=b=c", ',', []string{"a", "b=c"}},
		{"unit=°C", ',', []string{"unit", "°C"}},
		{"id=a.B  version=1.0.0\tdeprecated='x y'", ' ', []string{"id", "a.B", "version", "1.0.0", "deprecated", "x y"}},
		{"  a=b,c  ", ' ', []string{"a", "b,c"}},
		{"", ' ', nil},
	} {
		args, errs := parseArgs(tt.text, tt.sep, "BLDS0430")
		if len(errs) > 0 {
			t.Errorf("%q: %+v", tt.text, errs)
		}
		var got []string
		for _, a := range args {
			got = append(got, a.key, a.value)
			if at := tt.text[a.at.off : a.at.off+a.at.len]; at != a.key {
				t.Errorf("%q: key %q is said to be at %q", tt.text, a.key, at)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestOneMalformedKeyDoesNotHideTheOthers(t *testing.T) {
	tag, errs := parseTag("unit=,since=1.2.0,,colour=red,optional=yes,align=8")
	if len(errs) != 4 {
		t.Errorf("got %d errors, want 4: %+v", len(errs), errs)
	}
	if tag.attrs.Since == nil || tag.align != 8 {
		t.Errorf("got since %v and align %d, want 1.2.0 and 8", tag.attrs.Since, tag.align)
	}
}

func TestTagsAreFoundAsReflectFindsThem(t *testing.T) {
	for _, tt := range []struct {
		literal, want string
		found         bool
		problem       string
	}{
		{"`blds:\"unit=m\"`", "unit=m", true, ""},
		{"`json:\"a,omitempty\" blds:\"unit=m\" xml:\"b\"`", "unit=m", true, ""},
		{"`json:\"a\"blds:\"unit=m\"`", "unit=m", true, ""},
		{"`json:\"blds:x\"`", "", false, ""},
		{"`json:\"a\"`", "", false, ""},
		{"`some words`", "", false, ""},
		{"``", "", false, ""},
		{"`   `", "", false, ""},
		{`"blds:\"unit=m\""`, "unit=m", true, ""},
		{"`blds:\"unit='a\\\"b'\"`", `unit='a"b'`, true, ""},
		{"`blds:\"a\" rubbish`", "a", true, ""},
		{"`rubbish blds:\"a\"`", "", false, "malformed"},
		{"`blds:'a'`", "", false, "malformed"},
		{"`blds :\"a\"`", "", false, "malformed"},
		{"`blds:\"a`", "", false, "malformed"},
		{"`Blds:\"a\"`", "", false, `key "Blds"`},
		{"`blds:\"a\" blds:\"b\"`", "a", true, "twice"},
	} {
		got, found, err := findTag(tt.literal)
		if got.value != tt.want || found != tt.found {
			t.Errorf("%s: got %q, %v; want %q, %v", tt.literal, got.value, found, tt.want, tt.found)
		}
		if (err != nil) != (tt.problem != "") || err != nil && !strings.Contains(err.msg, tt.problem) {
			t.Errorf("%s: got problem %v, want %q", tt.literal, err, tt.problem)
		}
		raw, uerr := strconv.Unquote(tt.literal)
		if uerr != nil {
			t.Fatal(uerr)
		}
		if value, ok := reflect.StructTag(raw).Lookup("blds"); ok && (value != got.value || !found) {
			t.Errorf("%s: got %q, reflect has %q", tt.literal, got.value, value)
		}
		if found && got.base >= 0 && tt.literal[got.base:got.base+len(got.value)] != got.value {
			t.Errorf("%s: the value is not at %d", tt.literal, got.base)
		}
	}
}

func TestKeysWithoutMeaningDoNotExist(t *testing.T) {
	for _, key := range tagKeys {
		value := ""
		if s := tagSample[key]; s != "" {
			value = "=" + s
		}
		tag, errs := parseTag(key + value)
		if len(errs) > 0 {
			t.Errorf("%s%s: %+v", key, value, errs)
		}
		tag.args = nil
		if reflect.DeepEqual(tag, fieldTag{}) {
			t.Errorf("key %q changes nothing", key)
		}
	}
	for name := range directiveKeys {
		if !slices.Contains(directiveNames, name) {
			t.Errorf("directive %q is not in directiveNames", name)
		}
	}
}

func TestSuffixesOfFileNamesThatTieToASystem(t *testing.T) {
	for name, want := range map[string]bool{
		"a.go": false, "a_linux.go": true, "a_windows_amd64.go": true, "a_arm64.go": true, "linux.go": false,
		"a_unix.go": false, "a_blds.go": false, "windows_a.go": false, "a_linux_test.go": true,
	} {
		if got := hasSystemSuffix(name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestAssumedPackageNames(t *testing.T) {
	for path, want := range map[string]string{
		"fmt": "fmt", "net/http": "http", "gopkg.in/yaml.v3": "yaml", "example.com/geo/v2": "geo",
		"github.com/mattn/go-isatty": "isatty", "example.com/a-b": "a", "v2": "", "example.com/x.y": "x",
	} {
		if got := assumedName(path); want != "" && got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

func TestAdviceOfTheGoCommand(t *testing.T) {
	for text, want := range map[string][2]string{
		"": {"the go command fails without a reason", ""},
		"err: exit status 1: stderr: go: go.mod file not found in current directory or any parent directory; see 'go help modules'\n": {
			"go.mod file not found in current directory or any parent directory", "run this in a folder of a module, or make one with go mod init"},
		"no required module provides package x; to add it:\n\tgo get x": {"no required module provides package x", "run go get x"},
		"go: errors parsing go.mod:\ngo.mod:3: unknown directive: x\n":  {"errors parsing go.mod: go.mod:3: unknown directive: x", ""},
		"cannot find module providing package a/b: module lookup disabled by GOPROXY=off": {
			`no module that go.mod requires has the package "a/b"`, "run go get a/b"},
		"stat a/b: directory not found": {`there is no folder "a/b"`, ""},
	} {
		msg, remedy := goAdvice(text)
		if msg != want[0] || remedy != want[1] {
			t.Errorf("%q: got %q, %q; want %q", text, msg, remedy, want)
		}
	}
}

// samples returns the directives and the struct tags of all samples.
func samples(f *testing.F) (directives, tags []string) {
	files, _ := filepath.Glob("testdata/accept/*.txtar")
	more, _ := filepath.Glob("../../cmd/blds-gen/testdata/refuse/BLDS04*.txtar")
	for _, file := range append(files, more...) {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			if i := strings.Index(line, "//"); i >= 0 {
				directives = append(directives, line[i:])
			}
			if i := strings.Index(line, "`"); i >= 0 && strings.Count(line, "`") == 2 {
				tags = append(tags, line[i:strings.LastIndex(line, "`")+1])
			}
		}
	}
	return directives, tags
}

// checkSpans holds every position to lie inside of the text.
func checkSpans(t *testing.T, text string, errs []textError) {
	t.Helper()
	for _, e := range errs {
		if e.at.off < 0 || e.at.len < 1 || e.at.off+e.at.len > len(text)+1 {
			t.Errorf("%q: %q is at %+v, outside of the text", text, e.msg, e.at)
		}
		if e.code == "" || e.msg == "" || e.remedy == "" || !utf8.ValidString(e.msg) && utf8.ValidString(text) {
			t.Errorf("%q: incomplete problem %+v", text, e)
		}
	}
}

func FuzzDirective(f *testing.F) {
	directives, _ := samples(f)
	for _, d := range directives {
		f.Add(d)
	}
	f.Fuzz(func(t *testing.T, comment string) {
		d, errs, ok := parseDirective(comment)
		checkSpans(t, comment, errs)
		switch {
		case !ok && (len(errs) > 0 || d.name != ""):
			t.Errorf("%q: no directive, but %+v", comment, errs)
		case strings.HasPrefix(comment, directiveStart) && !ok:
			t.Errorf("%q is lost", comment)
		}
		for _, a := range d.args {
			if !a.hasValue || a.value == "" || comment[a.at.off:a.at.off+a.at.len] != a.key {
				t.Errorf("%q: got argument %+v", comment, a)
			}
		}
		// What was understood is understood again.
		if len(errs) > 0 || !ok || d.name == "ignore" {
			return
		}
		again := directiveStart + d.name
		for _, a := range d.args {
			again += " " + a.key + "='" + strings.ReplaceAll(a.value, "'", "''") + "'"
		}
		d2, errs, _ := parseDirective(again)
		if len(errs) > 0 || len(d2.args) != len(d.args) {
			t.Fatalf("%q, written as %q: %+v", comment, again, errs)
		}
		for i, a := range d.args {
			if b := d2.args[i]; a.key != b.key || a.value != b.value {
				t.Errorf("%q: %q became %q", comment, a.value, b.value)
			}
		}
	})
}

func FuzzTag(f *testing.F) {
	_, tags := samples(f)
	for _, tag := range tags {
		f.Add(tag)
	}
	f.Fuzz(func(t *testing.T, literal string) {
		// Only what Go takes for a tag comes here.
		file, err := parser.ParseFile(token.NewFileSet(), "", "package p\ntype t struct { x int "+literal+"\n}", 0)
		if err != nil || len(file.Decls) != 1 {
			return
		}
		st, ok := file.Decls[0].(*ast.GenDecl).Specs[0].(*ast.TypeSpec).Type.(*ast.StructType)
		if !ok || len(st.Fields.List) != 1 || st.Fields.List[0].Tag == nil {
			return
		}
		lit := st.Fields.List[0].Tag.Value
		text, found, terr := findTag(lit)
		if terr != nil {
			if terr.remedy == "" {
				t.Errorf("%s: no remedy for %q", lit, terr.msg)
			}
			return
		}
		raw, err := strconv.Unquote(lit)
		if err != nil {
			t.Fatalf("%s: %v", lit, err)
		}
		if value, ok := reflect.StructTag(raw).Lookup("blds"); ok != found || ok && value != text.value {
			t.Errorf("%s: got %q, %v; reflect has %q, %v", lit, text.value, found, value, ok)
		}
		if !found {
			return
		}
		if text.base >= 0 && lit[text.base:text.base+len(text.value)] != text.value {
			t.Errorf("%s: %q is not at %d", lit, text.value, text.base)
		}
		tag, errs := parseTag(text.value)
		checkSpans(t, text.value, errs)
		if len(errs) == 0 && len(tag.args) == 0 {
			t.Errorf("%s: neither keys nor problems", lit)
		}
		if s := fmt.Sprint(tag.attrs); len(s) > 100*len(text.value)+1000 {
			t.Errorf("%s: grew to %d bytes", lit, len(s))
		}
	})
}

// FuzzSource takes a Go file through everything but the go command: whatever
// stands in it, there are schemas or problems and no panic.
func FuzzSource(f *testing.F) {
	f.Add("//blds:schema id=lab.Reading version=1.0.0\ntype Reading struct {\n\tV float64 `blds:\"unit=degC\"`\n}\n")
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // so that the go command is never run
	f.Fuzz(func(t *testing.T, decls string) {
		src := "package p\n" + decls
		l, err := newLoader(ctx, Config{Dir: ".", Env: []string{}})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(l.dir, "p.go")
		p := &pkg{path: "example.com/p", name: "p", dir: l.dir, goFiles: []string{path}, root: true}
		l.pkgs[p.path] = p
		p.parse(l, []textFile{{path: path, src: []byte(src)}})
		p.attach(l)
		l.follow([]*pkg{p})
		l.tooWide()
		l.nameSpaces()
		out := l.convert(p)
		l.collect()
		for _, pr := range l.problems {
			if pr.Code == "" || pr.Message == "" || !pr.Pos.IsValid() {
				t.Errorf("incomplete problem %+v", pr)
			}
		}
		for _, s := range out.Schemas {
			if len(l.problems) == 0 && s.Record.HostSize == 0 && len(s.Record.Fields) > 0 {
				t.Errorf("schema %s has neither a size nor a problem", s.ID)
			}
		}
		layout.Resolve(out.Package)
	})
}
