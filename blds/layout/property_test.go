package layout_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/internal/randschema"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
	"pgregory.net/rapid"
)

// resolveRandom lays out a random package, which has no problems.
func resolveRandom(t *rapid.T, opts randschema.Options) (*schema.Package, *layout.Package) {
	p := randschema.Package(randschema.Drawn(t), "rnd.test", opts)
	res, problems := layout.Resolve(p)
	if len(problems) > 0 {
		t.Fatalf("got problems, want none:\n%s", show(problems))
	}
	return p, res.Packages[0]
}

// The decoder checks every rule of a laid-out record by itself, so what it takes
// is right by two accounts.
func TestEveryLaidOutSchemaPassesTheDecodersChecks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		decls, p := resolveRandom(t, randschema.Options{})
		for i, s := range p.Schemas {
			b, err := canon.Encode(s)
			if err != nil {
				t.Fatalf("%s: %v", s.ID, err)
			}
			if _, err := canon.Decode(b); err != nil {
				t.Fatalf("%s: %v", s.ID, err)
			}
			if bound := layout.Weight(decls.Schemas[i], s); uint64(len(b)) > bound {
				t.Fatalf("%s: %d bytes, the bound is %d", s.ID, len(b), bound)
			}
		}
	})
}

func TestTheSameDeclarationsGiveTheSameLayout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		decls, first := resolveRandom(t, randschema.Options{})
		again, _ := layout.Resolve(decls)
		if diff := cmp.Diff(first, again.Packages[0]); diff != "" {
			t.Fatalf("second time (-first +second):\n%s", diff)
		}
	})
}

// Whatever stands between two fields, a host that places them at the same
// offsets has the same layout.
func TestAHostRecordAtTheSameOffsetsHasTheSameHashes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		decls, p := resolveRandom(t, randschema.Options{NoChannels: true})
		for i, want := range p.Schemas {
			d := *decls.Schemas[i]
			rec := hostRecord(d.Record, want.Record)
			rec.Fields = shuffledPadding(t, rec.Fields)
			d.Record = rec
			res, problems := layout.Resolve(&schema.Package{Namespace: decls.Namespace, Schemas: []*schema.SchemaDecl{&d}})
			if len(problems) > 0 {
				t.Fatalf("host: %s", show(problems))
			}
			sameHashes(t, want, res.Packages[0].Schemas[0])
		}
	})
}

// hostRecord is the declaration of d as a host that laid it out like rec.
func hostRecord(d *schema.RecordDecl, rec *schema.Record) *schema.RecordDecl {
	h := *d
	h.Host, h.HostSize, h.Fields = true, uint64(rec.Size), nil
	wishes := map[string]schema.FieldDecl{}
	for _, f := range d.Fields {
		wishes[f.Name] = f
	}
	for i := range rec.Members {
		m := &rec.Members[i]
		off := uint64(m.Offset)
		f := wishes[m.Name]
		if m.Name == "" {
			f = schema.FieldDecl{Name: "_", Type: schema.TypeDecl{Code: m.Type.Code, Len: uint64(m.Type.Len)}, Attrs: m.Attrs}
			if m.Flags&schema.FlagPresence != 0 {
				f.Name, f.IsPresence = "PresenceWord"+string(rune('A'+i%26)), true
			}
		}
		f.Offset = &off
		h.Fields = append(h.Fields, f)
	}
	return &h
}

// shuffledPadding names some of the padding in one piece, some in two, and some
// not at all.
func shuffledPadding(t *rapid.T, fields []schema.FieldDecl) []schema.FieldDecl {
	var out []schema.FieldDecl
	for _, f := range fields {
		if f.Type.Code != schema.Padding {
			out = append(out, f)
			continue
		}
		switch rapid.IntRange(0, 2).Draw(t, "padding") {
		case 0:
			out = append(out, f)
		case 1:
			half := f.Type.Len / 2
			if half == 0 {
				continue
			}
			g, off := f, *f.Offset+half
			f.Type.Len, g.Type.Len, g.Offset = half, g.Type.Len-half, &off
			out = append(out, f, g)
		}
	}
	return out
}

// A text that gives every field its offset may list them in any order.
func TestFieldsWithOffsetsMayStandInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		decls, p := resolveRandom(t, randschema.Options{NoChannels: true})
		for i, want := range p.Schemas {
			if slices.ContainsFunc(want.Record.Members, func(m schema.Member) bool {
				return m.Attrs.Group != "" || m.Flags&schema.FlagPresence != 0 && m.Name == ""
			}) {
				continue // groups and compiler's words follow the order of the text
			}
			d := *decls.Schemas[i]
			rec := hostRecord(d.Record, want.Record)
			rec.Host, rec.HostSize = false, 0
			rec.Fields = rapid.Permutation(rec.Fields).Draw(t, "order")
			d.Record = rec
			res, problems := layout.Resolve(&schema.Package{Namespace: decls.Namespace, Schemas: []*schema.SchemaDecl{&d}})
			if len(problems) > 0 {
				t.Fatalf("in another order: %s", show(problems))
			}
			sameHashes(t, want, res.Packages[0].Schemas[0])
		}
	})
}

func sameHashes(t *rapid.T, want, got *schema.Schema) {
	t.Helper()
	wantLayout, wantSchema, err := canon.Hashes(want)
	if err != nil {
		t.Fatal(err)
	}
	gotLayout, gotSchema, err := canon.Hashes(got)
	if err != nil {
		t.Fatal(err)
	}
	if gotLayout != wantLayout || gotSchema != wantSchema {
		t.Fatalf("hashes differ; records (-want +got):\n%s", cmp.Diff(want.Record, got.Record))
	}
}

// A suggested order, written as text, gives a smaller record with the same
// fields.
func TestASuggestedOrderNeedsFewerBytes(t *testing.T) {
	better := 0
	rapid.Check(t, func(t *rapid.T) {
		decls, p := resolveRandom(t, randschema.Options{NoChannels: true})
		for i, s := range p.Schemas {
			order := layout.Suggest(s.Record)
			if order == nil {
				continue
			}
			better++
			if again := layout.Suggest(s.Record); !slices.Equal(order, again) {
				t.Fatalf("suggestions differ: %v, then %v", order, again)
			}
			byName := map[string]schema.FieldDecl{}
			for _, f := range decls.Schemas[i].Record.Fields {
				f.Offset = nil
				byName[f.Name] = f
			}
			d := *decls.Schemas[i]
			rec := *d.Record
			rec.Fields = nil
			for _, j := range order {
				switch m := &s.Record.Members[j]; {
				case m.Name != "":
					rec.Fields = append(rec.Fields, byName[m.Name])
				case m.Type.Code == schema.Reserved:
					rec.Fields = append(rec.Fields, schema.FieldDecl{Type: schema.TypeDecl{Code: schema.Reserved, Len: uint64(m.Type.Len)}, Attrs: m.Attrs})
				}
			}
			d.Record = &rec
			res, problems := layout.Resolve(&schema.Package{Namespace: decls.Namespace, Schemas: []*schema.SchemaDecl{&d}})
			if len(problems) > 0 {
				t.Fatalf("suggested order: %s", show(problems))
			}
			got := res.Packages[0].Schemas[0].Record
			if got.Size >= s.Record.Size {
				t.Fatalf("suggested order has %d bytes, the present one %d", got.Size, s.Record.Size)
			}
			if a, b := fieldNames(s.Record), fieldNames(got); !reflect.DeepEqual(a, b) {
				t.Fatalf("fields: got %v, want %v", b, a)
			}
		}
	})
	t.Logf("%d better orders", better)
}

func fieldNames(r *schema.Record) []string {
	var names []string
	for i := range r.Members {
		if m := &r.Members[i]; m.Type.Code != schema.Padding {
			names = append(names, m.Name+m.Type.String())
		}
	}
	slices.Sort(names)
	return names
}
