package cli

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/runtime/segment"
)

// isDump reports whether a target is a dump file rather than a channel. No channel
// has a slash in its name.
func isDump(target string) bool {
	return strings.ContainsRune(target, '/') || strings.ContainsRune(target, os.PathSeparator) || strings.HasSuffix(target, ".dump")
}

// observe opens a target for looking only.
func (a *app) observe(target string) (*segment.Segment, error) {
	return segment.Observe(target, segment.Config{}, a.options())
}

// channels returns the names of all channels, sorted. A folder that is not there
// has none: the first producer makes it.
func (a *app) channels() ([]string, error) {
	names, err := segment.List(a.options())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	slices.Sort(names)
	return names, err
}

// completeTarget offers channels, and files once something was typed that can be
// none.
func (a *app) completeTarget(_ *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if isDump(toComplete) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return a.completeChannel(nil, args, toComplete)
}

// completeChannel offers channels.
func (a *app) completeChannel(_ *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names, err := a.channels()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names = slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(n, toComplete) })
	return names, cobra.ShellCompDirectiveNoFileComp
}
