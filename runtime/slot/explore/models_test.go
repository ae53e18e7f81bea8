//go:build datahub_explore

package explore

import (
	"cmp"
	"flag"
	"math"
	"testing"
	"time"
)

var (
	limit = flag.Int("states", 40_000, "states per model; a model that has more is walked at random, too")
	walk  = flag.Duration("walk", 300*time.Millisecond, "time per model that is walked at random")
	seed  = flag.Uint64("seed", 0, "of random walks, 0 for a new one")
	whole = flag.Bool("whole", false, "search every model whole, however long it takes")
	model = flag.String("model", "", "explore only the model of this name")
)

func TestModels(t *testing.T) {
	found := false
	for _, m := range Models() {
		if *model != "" && *model != m.Name {
			continue
		}
		found = true
		t.Run(m.Name, func(t *testing.T) {
			n := *limit
			if *whole {
				n = math.MaxInt
			}
			r := Search(m, n)
			t.Log(r)
			if r.Bad == "" && !r.Complete {
				r = Walk(m, cmp.Or(*seed, uint64(time.Now().UnixNano())), *walk)
				t.Log(r)
			}
			if r.Bad != "" {
				t.Fail()
			}
		})
	}
	if !found {
		t.Errorf("no model %q", *model)
	}
}
