package config

import "testing"

// FuzzParse reads any text: nothing panics, and every problem has a place.
func FuzzParse(f *testing.F) {
	f.Add("outputs:\n  lab: internal/lab\ntargets: [go]\nseverities: {BLDS0605: off}\n")
	f.Add("a: &x [*x, *x]\nb: !!binary x\n? {c: d}\n: e\n")
	f.Add("- - -\n\t: {[")
	f.Add("outputs: {<<: {a: b}}\n---\ntargets: 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		cfg, problems := Parse("c.yaml", []byte(text))
		if cfg == nil {
			t.Fatal("no configuration")
		}
		for _, p := range problems {
			if !p.Pos.IsValid() || p.Pos.Col < 1 || p.Pos.Len < 1 || p.Message == "" {
				t.Errorf("%q: a problem without a place: %+v", text, p)
			}
		}
	})
}
