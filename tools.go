//go:build tools

// Package tools mirrors the tool lines of go.mod, for programs that look for
// development tools the older way.
package tools

import (
	_ "github.com/pylabhub/datahub/cmd/blds-gen"
	_ "honnef.co/go/tools/cmd/staticcheck"
)
