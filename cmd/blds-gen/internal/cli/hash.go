package cli

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/cmd/blds-gen/internal/view"
)

// A hashEntry is one schema in the output of hash --json. Other tools read it:
// names and meanings do not change.
type hashEntry struct {
	ID         string      `json:"id"`
	Version    string      `json:"version"`
	Zone       view.Zone   `json:"zone"`
	LayoutHash string      `json:"layout_hash"`
	SchemaHash string      `json:"schema_hash"`
	Size       uint32      `json:"size"`
	Align      uint32      `json:"align"`
	Stride     uint32      `json:"stride"`
	Fields     []hashField `json:"fields"`
}

type hashField struct {
	Name   string `json:"name"`
	Offset uint32 `json:"offset"`
	Size   uint32 `json:"size"`
	Type   string `json:"type"`
}

func (a *app) hashCmd() *cobra.Command {
	var asJSON bool
	var pick string
	cmd := &cobra.Command{
		Use:   "hash [PATTERN | FILE.blds]...",
		Short: "Print the layout and schema hashes",
		Long: `Hash prints one line per schema, ordered by id: layout hash, schema hash, id,
version and zone. Two schemas with equal layout hashes have the same bytes; with
equal schema hashes the bytes mean the same too.

With --json, or --format json, it prints an array of objects with id, version, zone (slot, flexible
or record), layout_hash, schema_hash, size, align, stride and fields. A field has
name, offset, size and type; nested fields have dotted names and offsets from
the start of the outermost record, in an array of records those of its first
element. Types are written as in .blds, enums as their base type, records as
"record". Padding, reserved bytes and presence words are not listed.`,
		Example: `  blds-gen hash ./...
  blds-gen hash --json weather.blds`,
		GroupID: groupLook,
		RunE: func(cmd *cobra.Command, args []string) error {
			sheets, err := a.sheets(cmd.Context(), args, pick)
			if err != nil {
				return err
			}
			slices.SortStableFunc(sheets, func(x, y *view.Sheet) int { return cmp.Compare(x.Schema.ID, y.Schema.ID) })
			if asJSON || a.format == "json" {
				return a.writeJSON(hashEntries(sheets))
			}
			for _, sh := range sheets {
				if err := a.written(fmt.Fprintf(a.stdout, "%s %s %s %s %s\n", sh.LayoutHash, sh.SchemaHash, sh.Schema.ID, sh.Schema.Version, sh.Zone)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with all fields")
	cmd.Flags().StringVar(&pick, "schema", "", "only the schema with this `name` or id")
	return cmd
}

func hashEntries(sheets []*view.Sheet) []hashEntry {
	out := make([]hashEntry, 0, len(sheets))
	for _, sh := range sheets {
		r := sh.Schema.Record
		e := hashEntry{
			ID: sh.Schema.ID, Version: sh.Schema.Version.String(), Zone: sh.Zone,
			LayoutHash: sh.LayoutHash, SchemaHash: sh.SchemaHash,
			Size: r.Size, Align: r.Align, Stride: r.Stride, Fields: []hashField{},
		}
		for _, f := range view.Fields(r) {
			e.Fields = append(e.Fields, hashField{f.Name, f.Offset, f.Size, f.Type})
		}
		out = append(out, e)
	}
	return out
}
