//go:build datahub_explore

package explore

import (
	"flag"
	"testing"
)

var limit = flag.Int("states", 3_000_000, "states per model")

func TestModels(t *testing.T) {
	for _, m := range Models() {
		t.Run(m.Name, func(t *testing.T) {
			r := Search(m, *limit)
			t.Log(r)
			if r.Bad != "" {
				t.Fail()
			}
		})
	}
}
