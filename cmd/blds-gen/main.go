// Blds-gen is the schema compiler of the Data Exchange Hub.
package main

import (
	"os"

	"github.com/pylabhub/datahub/cmd/blds-gen/internal/cli"
)

func main() { os.Exit(cli.Main()) }
