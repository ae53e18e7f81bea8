package layout_test

import (
	"fmt"
	"testing"

	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

func TestSuggestFindsABetterOrder(t *testing.T) {
	for _, c := range []struct {
		name string
		decl *schema.RecordDecl
		want string // names in the suggested order, "" for none
	}{
		{"wide fields first", record("T", field("a", schema.U8), field("b", schema.U64), field("c", schema.U8), field("d", schema.U32)), "b d a c"},
		{"the present order is best", record("T", field("a", schema.U64), field("b", schema.U8)), ""},
		{"no order helps", record("T", field("a", schema.U8), field("b", schema.U64)), ""},
		{"written padding has its reason", record("T", field("a", schema.U64), pad(56), field("b", schema.U64)), ""},
		{"gaps that a wanted alignment leaves are filled", record("T", field("a", schema.U8, align(64)), field("b", schema.U8, align(64)), field("c", schema.U64), field("d", schema.U64)), ""},
		{"large alignments come apart", record("T", field("c", schema.U64), field("a", schema.U8, align(32)), field("b", schema.U8, align(32))), "a c b"},
		{"groups stay whole", record("T", field("a", schema.U8), field("h", schema.U8, group("hot")), field("i", schema.U64, dims(7), group("hot")), field("j", schema.U8, group("hot")), field("z", schema.U8)), "i h j a z"},
		{"a presence word that the compiler placed comes before the first optional field", record("T", field("a", schema.U8, optional), field("b", schema.U64), field("c", schema.U8), field("d", schema.U64)), "b d a c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, problems := resolve(c.decl)
			if len(problems) > 0 {
				t.Fatal(show(problems))
			}
			got := ""
			for _, i := range layout.Suggest(r) {
				if name := r.Members[i].Name; name != "" {
					got += " " + name
				}
			}
			if c.want != "" {
				c.want = " " + c.want
			}
			if got != c.want {
				t.Errorf("got%s, want%s; now:\n%s", got, c.want, table(r))
			}
		})
	}
}

func TestSuggestIsQuickOnManyFields(t *testing.T) {
	d := record("T")
	for i := range 40_000 {
		appendField(d, field(fmt.Sprintf("f%d", i), schema.U8+schema.TypeCode(i%4)))
	}
	r, problems := layout.Resolve(&schema.Package{Namespace: "lab", Records: []*schema.RecordDecl{d}})
	if len(problems) > 0 || layout.Suggest(r.Packages[0].Records[0]) == nil {
		t.Errorf("no better order; problems: %s", show(problems))
	}
}
