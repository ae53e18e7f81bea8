package layout_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/internal/randschema"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

// cSchemas is how many random packages are compared with a C compiler.
const cSchemas = 300

// TestACCompilerAgreesOnEveryOffset compiles random records as C structs and
// compares offsets, sizes and alignments. In two thirds of the packages nothing
// but the fields is told to the compiler; in the others, where offsets, pads and
// groups move fields, padding is written out.
func TestACCompilerAgreesOnEveryOffset(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("needs gcc")
	}
	c := &cProgram{want: map[string]string{}}
	c.src.WriteString("#include <stdint.h>\n#include <stddef.h>\n#include <stdio.h>\n")
	for seed := range uint64(cSchemas) {
		natural := seed%3 != 0
		p := randschema.Package(randschema.Seeded(seed), fmt.Sprintf("c%d", seed), randschema.Options{Natural: natural, NoDocs: true})
		res, problems := layout.Resolve(p)
		if len(problems) > 0 {
			t.Fatalf("seed %d: %s", seed, show(problems))
		}
		c.prefix, c.padding = fmt.Sprintf("p%d_", seed), !natural
		for _, r := range res.Packages[0].Records {
			c.record(r)
		}
		for _, s := range res.Packages[0].Schemas {
			c.record(s.Record)
		}
	}
	got := c.run(t, gcc)
	bad := 0
	for _, line := range strings.Split(strings.TrimSuffix(got, "\n"), "\n") {
		key, value, _ := strings.Cut(line, "=")
		want, ok := c.want[key]
		if (!ok || value != want) && bad < 10 {
			bad++
			t.Errorf("%s: the C compiler says %s, layout says %s (the number is the seed)", key, value, want)
		}
		delete(c.want, key)
	}
	if len(c.want) > 0 {
		t.Errorf("%d facts are missing in the program's output", len(c.want))
	}
}

// A cProgram is a C program that prints where the fields of its structs are.
type cProgram struct {
	src, main bytes.Buffer
	want      map[string]string // what it should print
	prefix    string
	padding   bool
	facts     int
}

var cTypes = map[schema.TypeCode]string{
	schema.U8: "uint8_t", schema.U16: "uint16_t", schema.U32: "uint32_t", schema.U64: "uint64_t",
	schema.I8: "int8_t", schema.I16: "int16_t", schema.I32: "int32_t", schema.I64: "int64_t",
	schema.F32: "float", schema.F64: "double", schema.Bool: "uint8_t",
	schema.String: "char", schema.Bytes: "uint8_t", schema.Padding: "uint8_t", schema.Reserved: "uint8_t",
}

func (c *cProgram) record(r *schema.Record) {
	name := c.prefix + r.Name
	fmt.Fprintf(&c.src, "struct __attribute__((aligned(%d))) %s {\n", c.asked(r), name)
	for i := range r.Members {
		m := &r.Members[i]
		if m.Type.Code == schema.Padding && !c.padding {
			continue
		}
		typ, natural := cTypes[m.Type.Code], max(1, m.Type.Code.Size())
		if m.Type.Record != nil {
			typ, natural = "struct "+c.prefix+m.Type.Record.Name, m.Type.Record.Align
		}
		if m.Align > natural {
			fmt.Fprintf(&c.src, "\t_Alignas(%d) ", m.Align)
		}
		fmt.Fprintf(&c.src, "\t%s m%d", typ, i)
		for _, d := range m.Type.Dims {
			fmt.Fprintf(&c.src, "[%d]", d)
		}
		if m.Type.Code.HasLen() {
			fmt.Fprintf(&c.src, "[%d]", m.Type.Len)
		}
		c.src.WriteString(";\n")
		where := fmt.Sprintf("%s.m%d", name, i)
		c.fact(where+" offset", fmt.Sprintf("offsetof(struct %s, m%d)", name, i), m.Offset)
		c.fact(where+" size", fmt.Sprintf("sizeof ((struct %s *)0)->m%d", name, i), m.Size)
	}
	c.src.WriteString("};\n")
	c.fact(name+" size", "sizeof(struct "+name+")", r.Size)
	c.fact(name+" align", "_Alignof(struct "+name+")", r.Align)
}

// asked is the alignment that the record asks for beyond what its members need.
func (c *cProgram) asked(r *schema.Record) uint32 {
	need := uint32(1)
	for i := range r.Members {
		need = max(need, r.Members[i].Align)
	}
	if r.Align > need {
		return r.Align
	}
	return 1
}

func (c *cProgram) fact(key, expr string, want uint32) {
	c.want[key] = fmt.Sprint(want)
	// Many small functions compile faster than one long.
	if c.facts%200 == 0 {
		if c.facts > 0 {
			c.main.WriteString("}\n")
		}
		fmt.Fprintf(&c.main, "static void f%d(void) {\n", c.facts/200)
	}
	c.facts++
	fmt.Fprintf(&c.main, "\tprintf(\"%%s=%%zu\\n\", %q, %s);\n", key, expr)
}

func (c *cProgram) run(t *testing.T, gcc string) string {
	t.Helper()
	c.src.Write(c.main.Bytes())
	c.src.WriteString("}\nint main(void) {\n")
	for i := range (c.facts + 199) / 200 {
		fmt.Fprintf(&c.src, "\tf%d();\n", i)
	}
	c.src.WriteString("\treturn 0;\n}\n")
	dir := t.TempDir()
	src, bin := filepath.Join(dir, "layout.c"), filepath.Join(dir, "layout")
	if err := os.WriteFile(src, c.src.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(gcc, "-std=gnu11", "-O0", "-o", bin, src).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	out, err := exec.Command(bin).Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d facts of %d packages", c.facts, cSchemas)
	return string(out)
}
