package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/blds/syntax"
)

func (a *app) exportCmd() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "export [PATTERN]...",
		Short: "Write Go schemas as .blds text",
		Long: `Export writes the schemas of a Go package as .blds text with the same layout and
schema hashes: names become .blds names, padding and offsets are written where
the rules of .blds alone would place a field elsewhere. Channels and docs come
along.

Several packages go into a folder, one file for each namespace.`,
		Example: `  blds-gen export > weather.blds
  blds-gen export -o schemas/ ./...     schemas/lab.weather.blds and so on`,
		GroupID: groupLook,
		RunE: func(cmd *cobra.Command, args []string) error {
			ld, problems := a.load(cmd.Context(), args)
			if len(problems) > 0 {
				return failure(problems...)
			}
			pkgs := ld.namedPackages()
			if len(pkgs) == 0 {
				return failure(ld.nothing("nothing to export"))
			}
			if isFolder(out) {
				return exportAll(pkgs, out)
			}
			if len(pkgs) > 1 {
				return failure(usage(cmd.CommandPath(), fmt.Sprintf("the input has %d namespaces, %s and %s among them", len(pkgs), pkgs[0].Namespace, pkgs[1].Namespace),
					"name a folder, as in \"-o schemas/\", or one package"))
			}
			text, err := exportText(pkgs[0], nil)
			if err != nil {
				return err
			}
			return a.output(out, func(w io.Writer) error {
				_, err := w.Write(text)
				return err
			})
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "write to a `file`, or one file for each namespace to a folder, instead of stdout")
	return cmd
}

// namedPackages returns the packages that declare something in a file that the
// command was asked about.
func (ld *loaded) namedPackages() []*layout.Package {
	var out []*layout.Package
	for i, p := range ld.result.Packages {
		d := ld.decls[i]
		if slices.ContainsFunc(d.Schemas, func(s *schema.SchemaDecl) bool { return ld.named[s.Pos.File] }) ||
			slices.ContainsFunc(d.Records, func(r *schema.RecordDecl) bool { return ld.named[r.Pos.File] }) ||
			slices.ContainsFunc(d.Enums, func(e *schema.Enum) bool { return ld.named[e.Pos.File] }) {
			out = append(out, p)
		}
	}
	return out
}

func exportText(p *layout.Package, importPath func(string) string) ([]byte, error) {
	tree, err := syntax.Export(p, importPath)
	if err != nil {
		return nil, internalError{fmt.Errorf("write namespace %q as .blds: %w", p.Namespace, err)}
	}
	return syntax.Format(tree), nil
}

// exportAll writes one file for each namespace into a folder. The files import
// each other.
func exportAll(pkgs []*layout.Package, dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return failure(schema.Problem{Code: schema.CodeUnwritable, Pos: schema.Pos{File: dir}, Message: "cannot be made: " + reason(err)})
	}
	file := map[string]string{}
	for _, p := range pkgs {
		file[p.Namespace] = p.Namespace + ".blds"
	}
	texts := make([][]byte, len(pkgs))
	for i, p := range pkgs {
		var err error
		if texts[i], err = exportText(p, func(ns string) string { return file[ns] }); err != nil {
			return err
		}
	}
	for i, p := range pkgs {
		if problem := writeFile(filepath.Join(dir, file[p.Namespace]), texts[i]); problem != nil {
			return failure(*problem)
		}
	}
	return nil
}
