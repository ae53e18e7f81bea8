package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/lint"
	"github.com/pylabhub/datahub/blds/naming"
	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/cmd/blds-gen/internal/view"
)

func (a *app) layoutCmd() *cobra.Command {
	var svg bool
	var out, pick string
	cmd := &cobra.Command{
		Use:   "layout [PATTERN | FILE.blds]...",
		Short: "Show where each byte of a schema is",
		Long: `Layout prints each schema as a table of its members with offset, size,
alignment and cache line, a map of its cache lines, a better order of the fields
if there is one, and what its channel needs in shared memory.

With --svg it draws one schema as a picture, or with -o FOLDER each into a file
of its own.`,
		Example: `  blds-gen layout                                 all schemas of the package here
  blds-gen layout weather.blds --schema Reading
  blds-gen layout . --svg -o docs/                docs/reading.svg and so on`,
		GroupID: groupLook,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.layout(cmd, args, svg, out, pick)
		},
	}
	cmd.Flags().BoolVar(&svg, "svg", false, "draw a picture")
	cmd.Flags().StringVarP(&out, "output", "o", "", "write to a `file`, or with --svg to a folder, instead of stdout")
	cmd.Flags().StringVar(&pick, "schema", "", "only the schema with this `name` or id")
	return cmd
}

func (a *app) layout(cmd *cobra.Command, args []string, svg bool, out, pick string) error {
	sheets, err := a.sheets(cmd.Context(), args, pick)
	if err != nil {
		return err
	}
	if svg {
		if isFolder(out) {
			return drawAll(sheets, out)
		}
		if len(sheets) > 1 {
			return failure(usage(cmd.CommandPath(), fmt.Sprintf("a picture shows one schema, and there are %d", len(sheets)),
				fmt.Sprintf("pick one, as in \"--schema %s\", or name a folder with -o", sheets[0].Schema.Name())))
		}
		return a.output(out, func(w io.Writer) error { return view.WriteSVG(w, sheets[0]) })
	}
	return a.output(out, func(w io.Writer) error {
		for i, sh := range sheets {
			if i > 0 {
				if _, err := io.WriteString(w, "\n"); err != nil {
					return err
				}
			}
			if err := view.WriteTable(w, sh); err != nil {
				return err
			}
		}
		return nil
	})
}

// isFolder reports whether an output name means a folder.
func isFolder(name string) bool {
	info, err := os.Stat(name)
	return strings.HasSuffix(name, "/") || err == nil && info.IsDir()
}

// sheets loads schemas and what is shown beside them.
func (a *app) sheets(ctx context.Context, args []string, pick string) ([]*view.Sheet, error) {
	ld, problems := a.load(ctx, args)
	if len(problems) > 0 {
		return nil, failure(problems...)
	}
	schemas, problems := ld.schemas(pick)
	if len(problems) > 0 {
		return nil, failure(problems...)
	}
	zones := ld.zones()
	var sheets []*view.Sheet
	for _, s := range schemas {
		layoutHash, schemaHash, err := canon.Hashes(s)
		if err != nil {
			return nil, internalError{err}
		}
		sh := &view.Sheet{Schema: s, Zone: zones[s], LayoutHash: hex.EncodeToString(layoutHash[:]), SchemaHash: hex.EncodeToString(schemaHash[:])}
		sh.Order, sh.OrderSize = lint.BetterOrder(s.Record)
		sheets = append(sheets, sh)
	}
	return sheets, nil
}

// zones returns the zone of every schema that was loaded.
func (ld *loaded) zones() map[*schema.Schema]view.Zone {
	var all []*schema.Schema
	for _, p := range ld.result.Packages {
		all = append(all, p.Schemas...)
	}
	return view.Zones(all)
}

// drawAll writes a picture of each schema into a folder.
func drawAll(sheets []*view.Sheet, dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return failure(schema.Problem{Code: schema.CodeUnwritable, Pos: schema.Pos{File: dir}, Message: "cannot be made: " + reason(err)})
	}
	taken := map[string]string{}
	for _, sh := range sheets {
		name := filepath.Join(dir, naming.BldsName(sh.Schema.Name())+".svg")
		if other := taken[name]; other != "" { // of another namespace
			name = filepath.Join(dir, strings.ReplaceAll(naming.BldsName(sh.Schema.ID), ".", "_")+".svg")
		}
		taken[name] = sh.Schema.ID
		var b bytes.Buffer
		if err := view.WriteSVG(&b, sh); err != nil {
			return err
		}
		if p := writeFile(name, b.Bytes()); p != nil {
			return failure(*p)
		}
	}
	return nil
}

// output writes to a file, or to standard output if the name is empty or "-".
func (a *app) output(name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return internalError{err}
	}
	if cmp.Or(name, "-") == "-" {
		return a.written(a.stdout.Write(b.Bytes()))
	}
	if p := writeFile(name, b.Bytes()); p != nil {
		return failure(*p)
	}
	return nil
}
