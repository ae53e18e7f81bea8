package syntax

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

func TestTheOrderOfArgumentsDoesNotMatter(t *testing.T) {
	files := []Source{
		{"b.blds", []byte("namespace t\nrecord B { x u8 }\nconst b u8 = 1\n")},
		{"a.blds", []byte("namespace t\nimport \"b.blds\"\nrecord A { b B[b] }\nschema S version 1.0.0 { a A }\n")},
		{"c.blds", []byte("namespace s\nimport \"a.blds\" as t\nrecord C { a t.A }\n")},
	}
	want, _, problems := Load(files, nil)
	if len(problems) > 0 {
		t.Fatal(show(problems))
	}
	if len(want) != 2 || want[0].Namespace != "s" || len(want[1].Records) != 2 || want[1].Records[0].Name != "A" {
		t.Fatalf("got %d packages, the first %q", len(want), want[0].Namespace)
	}
	for range 10 {
		files = append(files[1:], files[0])
		slices.Reverse(files[:2])
		got, infos, _ := Load(files, nil)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s first: other packages", files[0].Path)
		}
		if infos[0].Path != "a.blds" || infos[2].Path != "c.blds" || infos[2].Imports[0] != infos[0] {
			t.Fatalf("%s first: other files", files[0].Path)
		}
	}
}

func TestFilesSayWhatTheyDeclare(t *testing.T) {
	src := map[string]string{"lib/e.blds": "namespace lib\nenum E : u8 { a = 0 }\nrecord R { x u8 }\n"}
	pkgs, infos, problems := Load([]Source{{"in.blds", []byte("namespace t\ngo_package \"x/y\"\nimport \"lib/e.blds\"\nconst n u8 = 1\nschema S version 1.0.0 { e lib.E }\n")}},
		func(path string) ([]byte, error) { return []byte(src[path]), nil })
	if len(problems) > 0 {
		t.Fatal(show(problems))
	}
	in, lib := infos[0], infos[1]
	if !in.Asked || in.Namespace != "t" || in.GoPackage != "x/y" || len(in.Schemas) != 1 || len(in.Consts) != 1 || in.Imports[0] != lib || in.Tree == nil {
		t.Errorf("got %+v", in)
	}
	if lib.Asked || lib.GoPackage != "generated/lib" || len(lib.Enums) != 1 || len(lib.Records) != 1 || lib.Enums[0] != pkgs[0].Enums[0] {
		t.Errorf("got %+v", lib)
	}
}

// TestProblemsPointAtTheWord checks the places that declarations carry, which
// layout uses.
func TestProblemsPointAtTheWord(t *testing.T) {
	src := "namespace t\n" +
		"const cc u8 = 1\n" +
		"enum Ee : u8 { vv = 0 }\n" +
		"schema Ss version 1.0.0 {\n" +
		"  const kk u8 = 1\n" +
		"  ff  Ee [ 3 ] @unit(m)\n" +
		"  pad  4\n" +
		"}\n" +
		"channel Ss { policy ring }\n"
	pkgs, _, problems := Load([]Source{{"f", []byte(src)}}, nil)
	if len(problems) > 0 {
		t.Fatal(show(problems))
	}
	lines := strings.Split(src, "\n")
	s := pkgs[0].Schemas[0]
	for _, tt := range []struct {
		pos  schema.Pos
		want string
	}{
		{pkgs[0].Consts[0].Pos, "cc"},
		{pkgs[0].Enums[0].Pos, "Ee"},
		{pkgs[0].Enums[0].Values[0].Pos, "vv"},
		{s.Pos, "Ss"},
		{s.Record.Pos, "Ss"},
		{s.Consts[0].Pos, "kk"},
		{s.Record.Fields[0].Pos, "ff"},
		{s.Record.Fields[0].TypePos, "Ee [ 3 ]"},
		{s.Record.Fields[1].Pos, "pad"},
		{s.Record.Fields[1].TypePos, "4"},
		{s.Channel.Pos, "Ss"},
	} {
		if got := lines[tt.pos.Line-1][tt.pos.Col-1:][:tt.pos.Len]; got != tt.want {
			t.Errorf("%+v is %q, want %q", tt.pos, got, tt.want)
		}
	}
}

// TestLayoutDoesNotReportAgainWhatWasReported lays out what is left of texts
// with problems.
func TestLayoutDoesNotReportAgainWhatWasReported(t *testing.T) {
	for _, src := range []string{
		"record R { x Nothing }",
		"record R { x u8[nothing] }",
		"record R { x string[-1] }",
		"record R { pad -1 x u8 }",
		"enum E : Nothing { a = 0 } record R { e E }",
		"enum E : u8 { a = -1, b = 1 / 0 } record R { e E }",
		"schema S version 1.0.0 { x u8 } channel S { policy rings, sync latest_only }",
		"schema S version 1.0.0 { const c u8 = nothing x u8 }",
		"record R { a u8 @default(1.5) b f32 @scale(\"x\") c u8 @align(0) }",
		"record R { group g { } x u8 }",
	} {
		pkgs, _, problems := Load([]Source{{"f", []byte(src)}}, nil)
		if len(problems) == 0 || pkgs == nil {
			t.Errorf("%s: %d problems, %d packages", src, len(problems), len(pkgs))
			continue
		}
		if _, more := layout.Resolve(pkgs...); len(more) > 0 {
			t.Errorf("%s:\n%sand layout says:\n%s", src, show(problems), show(more))
		}
	}
}
