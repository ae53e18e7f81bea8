// Datablock-admin shows, checks and repairs what lives in shared memory.
package main

import (
	"os"

	"github.com/pylabhub/datahub/cmd/datablock-admin/internal/cli"
)

func main() { os.Exit(cli.Main()) }
