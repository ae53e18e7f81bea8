package golang

import (
	"testing"

	"github.com/pylabhub/datahub/blds/gen"
	"github.com/pylabhub/datahub/blds/schema"
)

// refusals generates and returns the problems as text.
func refusals(t *testing.T, pkgs []*gen.Package) string {
	t.Helper()
	files, problems := Target{}.Generate(pkgs)
	if len(problems) > 0 && len(files) > 0 {
		t.Errorf("%d files beside %d problems", len(files), len(problems))
	}
	return show(problems)
}

func at(file string, line int) schema.Pos { return schema.Pos{File: file, Line: line, Col: 6, Len: 1} }

func TestACollisionShowsBothPlaces(t *testing.T) {
	const text = `namespace lab
const limit u32 = 1
enum State : u8 { idle = 0 }
schema Reading version 1.0.0 {
  const max u8 = 3
  station string[8]
  wind    f32 @optional
}
channel Reading { policy ring, capacity 4, sync sync_readers, consumers 1, page 4k }
`
	for _, c := range []struct {
		name string
		user gen.GoPackage
		want string
	}{{
		name: "type",
		user: gen.GoPackage{Names: map[string]schema.Pos{"Reading": at("user.go", 3)}},
		want: "lab.blds:4:8: BLDS0701: the generated name \"Reading\" is declared by hand in the same package (rename one of the two)\n\tuser.go:3:6: \"Reading\" is declared here\n",
	}, {
		name: "constant of the package",
		user: gen.GoPackage{Names: map[string]schema.Pos{"Limit": at("user.go", 3)}},
		want: "lab.blds:2:7: BLDS0701: the generated name \"Limit\" is declared by hand in the same package (rename one of the two)\n\tuser.go:3:6: \"Limit\" is declared here\n",
	}, {
		name: "enum value",
		user: gen.GoPackage{Names: map[string]schema.Pos{"StateIdle": at("user.go", 3)}},
		want: "lab.blds:3:19: BLDS0701: the generated name \"StateIdle\" is declared by hand in the same package (rename one of the two)\n\tuser.go:3:6: \"StateIdle\" is declared here\n",
	}, {
		name: "constant of a schema",
		user: gen.GoPackage{Names: map[string]schema.Pos{"ReadingMax": at("user.go", 3)}},
		want: "lab.blds:5:9: BLDS0701: the generated name \"ReadingMax\" is declared by hand in the same package (rename one of the two)\n\tuser.go:3:6: \"ReadingMax\" is declared here\n",
	}, {
		name: "field constant",
		user: gen.GoPackage{Names: map[string]schema.Pos{"FieldReadingWind": at("user.go", 3)}},
		want: "lab.blds:7:3: BLDS0701: the generated name \"FieldReadingWind\" is declared by hand in the same package (rename one of the two)\n\tuser.go:3:6: \"FieldReadingWind\" is declared here\n",
	}, {
		name: "channel",
		user: gen.GoPackage{Names: map[string]schema.Pos{"ReadingProducer": at("user.go", 3), "readingChannel": at("user.go", 4)}},
		want: "lab.blds:9:9: BLDS0701: the generated name \"ReadingProducer\" is declared by hand in the same package (rename one of the two)\n\tuser.go:3:6: \"ReadingProducer\" is declared here\n" +
			"lab.blds:9:9: BLDS0701: the generated name \"readingChannel\" is declared by hand in the same package (rename one of the two)\n\tuser.go:4:6: \"readingChannel\" is declared here\n",
	}, {
		name: "method",
		user: gen.GoPackage{Methods: map[string]map[string]schema.Pos{"Reading": {"GetStation": at("user.go", 3), "ClearWind": at("user.go", 4), "Mine": at("user.go", 5)}}},
		want: "lab.blds:6:3: BLDS0701: the generated name \"Reading.GetStation\" is declared by hand in the same package (rename one of the two)\n\tuser.go:3:6: \"Reading.GetStation\" is declared here\n" +
			"lab.blds:7:3: BLDS0701: the generated name \"Reading.ClearWind\" is declared by hand in the same package (rename one of the two)\n\tuser.go:4:6: \"Reading.ClearWind\" is declared here\n",
	}, {
		name: "test",
		user: gen.GoPackage{TestNames: map[string]schema.Pos{"TestBLDSReading": at("user_test.go", 3)}},
		want: "lab.blds:4:8: BLDS0701: the generated name \"TestBLDSReading\" is declared by hand in the same package (rename one of the two)\n\tuser_test.go:3:6: \"TestBLDSReading\" is declared here\n",
	}, {
		name: "word of the language",
		user: gen.GoPackage{Names: map[string]schema.Pos{"string": at("user.go", 3), "min": at("user.go", 4)}},
		want: "user.go:3:6: BLDS0701: \"string\" is redeclared, and generated code needs the one of the language (choose another name)\n",
	}, {
		name: "methods of an enum are the user's",
		user: gen.GoPackage{Methods: map[string]map[string]schema.Pos{"State": {"String": at("user.go", 3), "IsKnown": at("user.go", 4)}}},
	}} {
		t.Run(c.name, func(t *testing.T) {
			pkgs := parse(t, map[string]string{"lab.blds": text})
			c.user.Name, c.user.ImportPath = pkgs[0].Go.Name, pkgs[0].Go.ImportPath
			pkgs[0].Go = c.user
			if got := refusals(t, pkgs); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestNamesThatMeetInGoAreRefused(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{{
		name: "enum values",
		text: "namespace lab\nenum A : u8 { b_c = 0 }\nenum AB : u8 { c = 0 }\n",
		want: "lab.blds:3:16: BLDS0702: the name \"ABC\" is generated twice (rename one of the two)\n\tlab.blds:2:15: it is also generated for this\n",
	}, {
		name: "field constants",
		text: "namespace lab\nrecord A { b_c u8 }\nrecord AB { c u8 }\n",
		want: "lab.blds:3:13: BLDS0702: the name \"FieldABC\" is generated twice (rename one of the two)\n\tlab.blds:2:12: it is also generated for this\n",
	}, {
		name: "field and method",
		text: "namespace lab\nrecord A {\n  a_bytes u8\n  a string[3]\n}\n",
		want: "lab.blds:4:3: BLDS0702: the name \"A.ABytes\" is generated twice (rename one of the two)\n\tlab.blds:3:3: it is also generated for this\n",
	}, {
		name: "two methods",
		text: "namespace lab\nrecord A {\n  a string[3]\n  a_truncated u8 @optional\n}\n",
		want: "lab.blds:4:3: BLDS0702: the name \"A.SetATruncated\" is generated twice (rename one of the two)\n\tlab.blds:3:3: it is also generated for this\n",
	}, {
		name: "schema and record",
		text: "namespace lab\nschema A version 1.0.0 { a u8 }\nrecord A_schema { a u8 }\n",
		want: "lab.blds:3:8: BLDS0702: the name \"ASchema\" is generated twice (rename one of the two)\n\tlab.blds:2:8: it is also generated for this\n",
	}} {
		t.Run(c.name, func(t *testing.T) {
			if got := refusals(t, parse(t, map[string]string{"lab.blds": c.text})); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestAHiddenSchemaTypeIsRefused(t *testing.T) {
	w := newWorkspace(t)
	w.write("lab/lab.go", "package lab\n\n//blds:schema id=lab.Reading version=1.0.0\ntype reading struct{ X float64 }\n")
	want := "lab/lab.go:4:6: BLDS0713: the type \"reading\" of schema \"lab.Reading\" is not exported (begin its name with a capital letter)\n"
	if got := refusals(t, w.load()); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// circle is three files in two folders: a uses b, b uses c, c goes where a goes.
var circle = map[string]string{
	"a.blds": "namespace lab.a\ngo_package \"shared\"\nimport \"b.blds\"\nschema Outer version 1.0.0 { middle lab.b.Middle }\n",
	"b.blds": "namespace lab.b\ngo_package \"b\"\nimport \"c.blds\"\nrecord Middle { inner lab.a.Inner }\n",
	"c.blds": "namespace lab.a\ngo_package \"shared\"\nrecord Inner { x f64 }\n",
}

func TestFoldersThatImportEachOtherAreRefused(t *testing.T) {
	want := "b.blds:4:17: BLDS0711: \"inner\" makes generated Go packages import each other: example.com/user/shared -> example.com/user/b -> example.com/user/shared (send them to one folder with go_package, or move the type)\n"
	if got := refusals(t, parse(t, circle)); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestATypeOfAPackageWithoutImportPathIsRefused(t *testing.T) {
	pkgs := parse(t, map[string]string{
		"a.blds": "namespace lab.a\nimport \"b.blds\"\nschema Outer version 1.0.0 { inner lab.b.Inner  own Own }\nrecord Own { x u8 }\n",
		"b.blds": "namespace lab.b\nrecord Inner { x f64 }\n",
	})
	for _, p := range pkgs {
		p.Go.ImportPath = ""
	}
	want := "a.blds:3:30: BLDS0712: \"inner\" needs the type b.Inner of another Go package, which has no import path (generate into folders of one Go module)\n"
	if got := refusals(t, pkgs); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
