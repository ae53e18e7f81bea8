package slot

import (
	"fmt"
	"os"
	"testing"

	"github.com/pylabhub/datahub/runtime/internal/word"
)

func TestMain(m *testing.M) {
	if word.Explored {
		// No deadline ever ends there: what can be tested is in package explore.
		fmt.Println("skipped: time stands still in the build that is explored")
		os.Exit(0)
	}
	os.Exit(m.Run())
}
