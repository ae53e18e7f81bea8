package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/runtime/segment"
)

type versionJSON struct {
	Version string `json:"version"` // of the module; "(devel)" from a checkout
	Form    int    `json:"form"`    // of the blocks it understands
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func (a *app) versionCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Show the version of this program",
		GroupID: groupHelp,
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			v := versionJSON{Version: "(devel)", Form: segment.Form, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
			if bi, ok := debug.ReadBuildInfo(); ok && bi.Main.Version != "" {
				v.Version = bi.Main.Version
			}
			if a.json {
				return a.writeJSON(v)
			}
			return a.printf("datablock-admin %s, blocks of form %d, %s %s/%s\n", v.Version, v.Form, v.Go, v.OS, v.Arch)
		},
	}
}
