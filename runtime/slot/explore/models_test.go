//go:build datahub_explore

package explore

import (
	"cmp"
	"flag"
	"testing"
	"time"
)

var (
	limit = flag.Int("states", 2_000_000, "states per model")
	walk  = flag.Duration("walk", 2*time.Second, "time per model that is walked at random")
	seed  = flag.Uint64("seed", 0, "of random walks, 0 for a new one")
	whole = flag.Bool("whole", false, "search large models, too")
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
			r := Result{}
			if m.Large && !*whole {
				r = Walk(m, cmp.Or(*seed, uint64(time.Now().UnixNano())), *walk)
			} else {
				r = Search(m, *limit)
			}
			t.Log(r)
			if r.Bad != "" {
				t.Fail()
			}
		})
	}
	if !found {
		t.Errorf("no model %q", *model)
	}
}
