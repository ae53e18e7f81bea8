package compat_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/compat"
	"github.com/pylabhub/datahub/blds/schema"
)

// The pairs of the canonical form's vectors differ in one thing each; Diff must
// see it.
func TestDiffSeesWhatTheVectorsDifferIn(t *testing.T) {
	type descriptor struct {
		Descriptor string `json:"descriptor"`
	}
	var pairs []struct {
		Name   string     `json:"name"`
		Layout string     `json:"layout_hashes"`
		Schema string     `json:"schema_hashes"`
		A      descriptor `json:"a"`
		B      descriptor `json:"b"`
	}
	b, err := os.ReadFile("../canon/testdata/pairs.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &pairs); err != nil {
		t.Fatal(err)
	}
	if len(pairs) < 50 {
		t.Fatalf("found only %d pairs", len(pairs))
	}
	decode := func(d descriptor) *schema.Schema {
		b, err := hex.DecodeString(d.Descriptor)
		if err != nil {
			t.Fatal(err)
		}
		s, err := canon.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, p := range pairs {
		changes := compat.Diff(decode(p.A), decode(p.B))
		deep := false
		for _, c := range changes {
			deep = deep || c.Level == schema.LevelLayout
		}
		if (len(changes) == 0) != (p.Schema == "equal") || !deep && p.Layout == "differ" {
			t.Errorf("%s: layout hashes %s, schema hashes %s, but changes:\n%s", p.Name, p.Layout, p.Schema, lines(changes))
		}
	}
}
