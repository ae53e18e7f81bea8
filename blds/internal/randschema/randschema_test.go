package randschema_test

import (
	"testing"

	"github.com/pylabhub/datahub/blds/internal/randschema"
	"github.com/pylabhub/datahub/blds/layout"
)

func TestEveryRandomPackageIsSound(t *testing.T) {
	for seed := range uint64(2000) {
		for _, opts := range []randschema.Options{{}, {Natural: true}, {MaxFields: 60}} {
			p := randschema.Package(randschema.Seeded(seed), "rnd.test", opts)
			res, problems := layout.Resolve(p)
			if len(problems) > 0 {
				t.Fatalf("seed %d, %+v: got %v, want no problems", seed, opts, problems)
			}
			if got, want := len(res.Packages[0].Schemas), len(p.Schemas); got != want {
				t.Fatalf("seed %d, %+v: got %d schemas, want %d", seed, opts, got, want)
			}
		}
	}
}
