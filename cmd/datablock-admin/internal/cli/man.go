package cli

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func (a *app) manCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write the manual pages",
		Long: `Man writes a page for each command to DIR, which is made if it is not there. To
have "man datablock-admin" find them, DIR is a folder man1 of the manual path,
such as ~/.local/share/man/man1.`,
		Example: "  datablock-admin man ~/.local/share/man/man1",
		GroupID: groupHelp,
		Args:    exactly("DIR"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o777); err != nil {
				return fmt.Errorf("make folder of the manual: %w", err)
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true // the same pages whenever they are written
			never := time.Unix(0, 0).UTC()
			err := doc.GenManTree(root, &doc.GenManHeader{Title: "DATABLOCK-ADMIN", Section: "1", Source: "Data Exchange Hub", Manual: "Data Exchange Hub", Date: &never}, args[0])
			if err != nil {
				return fmt.Errorf("write manual: %w", err)
			}
			pages, err := os.ReadDir(args[0])
			if err != nil {
				return fmt.Errorf("read folder of the manual: %w", err)
			}
			if a.json {
				var names []string
				for _, p := range pages {
					names = append(names, p.Name())
				}
				return a.writeJSON(names)
			}
			return nil
		},
	}
}
