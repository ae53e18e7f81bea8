package golang

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/schema"
)

// The types that blds-gen writes for .blds are annotated Go: read as if somebody
// had written them, they have the hashes of the schemas they were made from.
func TestAGeneratedTypeReadsLikeItsSchema(t *testing.T) {
	in := append(parse(t, samples(t)), randomPackages(t, seed(t), 40)...)
	want := make(map[string]string)
	for _, p := range in {
		for _, src := range p.Sources {
			for _, d := range src.Decls {
				if d.Schema != nil && !alignedRecord(d.Schema.Record) {
					want[d.Schema.ID] = hashes(t, d.Schema)
				}
			}
		}
	}
	w := newWorkspace(t)
	for name, text := range generateAll(t, in) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		_, byHand, _ := strings.Cut(text, "\n")
		w.write(filepath.ToSlash(name), byHand)
	}
	got := make(map[string]string)
	for _, p := range w.load() {
		for _, src := range p.Sources {
			for _, d := range src.Decls {
				if d.Schema != nil {
					got[d.Schema.ID] = hashes(t, d.Schema)
				}
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(want)) {
		if got[id] != want[id] {
			t.Errorf("%s: from .blds %s, from its Go %s", id, want[id], got[id])
		}
	}
}

func hashes(t testing.TB, s *schema.Schema) string {
	t.Helper()
	layout, hash, err := canon.Hashes(s)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("layout %x schema %x", layout[:4], hash[:4])
}

// alignedRecord reports whether a record inside of rec asks for an alignment as
// a whole: a Go struct without a directive cannot say that.
func alignedRecord(rec *schema.Record) bool {
	for i := range rec.Members {
		in := rec.Members[i].Type.Record
		if in == nil {
			continue
		}
		natural := uint32(1)
		for j := range in.Members {
			natural = max(natural, in.Members[j].Align)
			if in.Members[j].Attrs.Group != "" {
				natural = max(natural, 64)
			}
		}
		if in.Align > natural || alignedRecord(in) {
			return true
		}
	}
	return false
}
