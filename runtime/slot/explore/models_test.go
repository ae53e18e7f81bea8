//go:build datahub_explore

package explore

import (
	"cmp"
	"flag"
	"fmt"
	"math"
	"testing"
	"time"
)

var (
	limit = flag.Int("states", 0, "states per model, 0 for what the model says; a model that has more is walked at random, too")
	walk  = flag.Duration("walk", 200*time.Millisecond, "time per model that is walked at random")
	first = flag.Bool("first", false, "walk first, then search")
	seed  = flag.Uint64("seed", 0, "of random walks, 0 for a new one")
	whole = flag.Bool("whole", false, "search every model whole, however long it takes")
	model = flag.String("model", "", "explore only the model of this name")
	part  = flag.String("part", "1/1", "explore only these models: 2/3 for the second of three parts")
)

// defaultLimit is how many states of a model are searched that has more than is
// worth the time of every test run.
const defaultLimit = 6_000

func TestModels(t *testing.T) {
	var n, parts int
	if _, err := fmt.Sscanf(*part, "%d/%d", &n, &parts); err != nil || n < 1 || n > parts {
		t.Fatalf("-part=%s: want 1/2 or the like", *part)
	}
	found := false
	for i, m := range Models() {
		if *model != "" && *model != m.Name || *model == "" && i%parts != n-1 {
			continue
		}
		found = true
		t.Run(m.Name, func(t *testing.T) {
			if r := explore(t, m); r.Bad != "" {
				t.Fail()
			}
		})
	}
	if !found {
		t.Errorf("no model %q", *model)
	}
}

// explore searches m, and walks through it if that cannot be done whole.
func explore(t *testing.T, m *Model) (r Result) {
	n := cmp.Or(*limit, m.Limit, defaultLimit)
	if *whole {
		n = math.MaxInt
	}
	random := func() { r = Walk(m, cmp.Or(*seed, uint64(time.Now().UnixNano())), *walk); t.Log(r) }
	if *first {
		if random(); r.Bad != "" {
			return r
		}
	}
	r = Search(m, n)
	t.Log(r)
	if r.Bad == "" && !r.Complete && !*first {
		random()
	}
	return r
}
