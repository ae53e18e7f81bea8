package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/cmd/datablock-admin/internal/value"
	"github.com/pylabhub/datahub/runtime/segment"
)

// completeWords offers the words that a flag can have.
func completeWords(cmd *cobra.Command, flag string, words []string) {
	// The only error is a flag that does not exist.
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err)
	}
}

// completeTarget offers channels, and files once something was typed that can be
// none.
func (a *app) completeTarget(_ *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if segment.IsDump(toComplete) {
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

// completeFields offers the fields of the target's schema, behind those that are
// named already.
func (a *app) completeFields(_ *cobra.Command, args []string, toComplete string) (out []string, _ cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	if len(args) == 0 {
		return nil, directive
	}
	seg, err := a.observe(args[0])
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	defer seg.Close() // it was only read
	descriptor, err := seg.Descriptor(false)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	typ, err := value.Parse(descriptor)
	if err != nil || typ.Raw() {
		return nil, cobra.ShellCompDirectiveError
	}
	named := toComplete[:strings.LastIndexByte(toComplete, ',')+1]
	for _, c := range typ.Leaves() {
		if strings.HasPrefix(strings.ToLower(named+c.Path), strings.ToLower(toComplete)) {
			out = append(out, named+c.Path)
		}
	}
	return out, directive
}
