package doccheck

import (
	"context"
	"fmt"
	"log"
	"os"
	"testing"

	"github.com/pylabhub/datahub/examples/quickstart/weather"
)

// TestMain keeps the blocks that examples make away from the user's own.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "doccheck")
	if err != nil {
		log.Fatal(err)
	}
	os.Setenv("DATAHUB_DIR", dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// The example of README.md, with both sides in one process.
func Example() {
	ctx := context.Background()

	// In one process:
	p, err := weather.ReadingChannel.Create("roof")
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	// In another one:
	c, err := weather.ReadingChannel.Attach("roof")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	// The value is written in place and read in place; nothing is copied.
	err = p.Write(ctx, func(r *weather.Reading) error {
		r.Temperature, r.State = 21.5, weather.StateRunning
		return r.SetStation("roof")
	})
	if err != nil {
		log.Fatal(err)
	}
	for s, err := range c.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(s.Value.GetStation(), s.Value.Temperature, s.Value.State)
		break
	}
	// Output: roof 21.5 Running
}
