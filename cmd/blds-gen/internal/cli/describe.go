package cli

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/schema"
	"github.com/pylabhub/datahub/cmd/blds-gen/internal/view"
)

func (a *app) describeCmd() *cobra.Command {
	var pick string
	var asHex, asBinary bool
	cmd := &cobra.Command{
		Use:   "describe [PATTERN | FILE]...",
		Short: "Tell all about a schema, from source or from a descriptor",
		Long: `Describe prints what a schema says in words: docs, fields with units and limits,
enum tables, constants, channel, hashes. FILE is a .blds file or a descriptor,
in binary or as hex digits, such as a segment stores; "-" reads a descriptor
from standard input.

With --hex or --binary it prints the descriptor instead.`,
		Example: `  blds-gen describe weather.blds
  blds-gen describe --hex . --schema Reading > reading.hex
  blds-gen describe reading.hex`,
		GroupID: groupLook,
		RunE: func(cmd *cobra.Command, args []string) error {
			if asHex && asBinary {
				return failure(usage(cmd.CommandPath(), "--hex and --binary exclude each other", "leave one out"))
			}
			descriptors, sources := splitDescriptors(args)
			var sheets []*view.Sheet
			var problems []schema.Problem
			for _, name := range descriptors {
				sh, p := a.readDescriptor(name)
				if p != nil {
					problems = append(problems, *p)
					continue
				}
				sheets = append(sheets, sh)
			}
			if len(problems) > 0 {
				return failure(problems...)
			}
			if len(sources) > 0 || len(args) == 0 {
				more, err := a.sheets(cmd.Context(), sources, pick)
				if err != nil {
					return err
				}
				sheets = append(sheets, more...)
			}
			return a.describe(sheets, asHex, asBinary)
		},
	}
	cmd.Flags().StringVar(&pick, "schema", "", "only the schema with this `name` or id")
	cmd.Flags().BoolVar(&asHex, "hex", false, "print the descriptor as hex digits")
	cmd.Flags().BoolVar(&asBinary, "binary", false, "print the descriptor as it is")
	return cmd
}

// splitDescriptors takes out the arguments that name descriptors: existing
// files that are no source.
func splitDescriptors(args []string) (descriptors, sources []string) {
	for _, arg := range args {
		info, err := os.Stat(arg)
		ext := filepath.Ext(arg)
		if arg == "-" || err == nil && !info.IsDir() && ext != ".blds" && ext != ".go" {
			descriptors = append(descriptors, arg)
		} else {
			sources = append(sources, arg)
		}
	}
	return descriptors, sources
}

// readDescriptor reads the canonical form of a schema, in binary or in hex.
func (a *app) readDescriptor(name string) (*view.Sheet, *schema.Problem) {
	shown, raw, p := a.read(name)
	if p != nil {
		return nil, p
	}
	delete(a.texts, shown) // nothing to quote from
	bad := func(msg string) (*view.Sheet, *schema.Problem) {
		return nil, &schema.Problem{Code: schema.CodeDescriptor, Pos: schema.Pos{File: shown}, Message: msg,
			Remedy: "give a descriptor as \"blds-gen describe --hex\" prints it"}
	}
	if !bytes.HasPrefix(raw, []byte("BLDS")) {
		digits := strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) {
				return -1
			}
			return r
		}, string(raw))
		text, err := hex.DecodeString(digits)
		if err != nil || len(text) == 0 {
			return bad("no descriptor: it does not begin with \"BLDS\" and is not hex digits")
		}
		raw = text
	}
	s, err := canon.Decode(raw)
	if err != nil {
		return bad("no valid descriptor: " + err.Error())
	}
	layoutHash, schemaHash, err := canon.HashesOf(raw)
	if err != nil {
		return bad("no valid descriptor: " + err.Error())
	}
	return &view.Sheet{Schema: s, LayoutHash: hex.EncodeToString(layoutHash[:]), SchemaHash: hex.EncodeToString(schemaHash[:])}, nil
}

func (a *app) describe(sheets []*view.Sheet, asHex, asBinary bool) error {
	slices.SortStableFunc(sheets, func(x, y *view.Sheet) int { return strings.Compare(x.Schema.ID, y.Schema.ID) })
	if asBinary && len(sheets) != 1 {
		return failure(usage("blds-gen describe", fmt.Sprintf("--binary prints one descriptor, and there are %d schemas", len(sheets)),
			fmt.Sprintf("pick one, as in \"--schema %s\"", sheets[0].Schema.Name())))
	}
	return a.output("", func(w io.Writer) error {
		for i, sh := range sheets {
			if asHex || asBinary {
				raw, err := canon.Encode(sh.Schema)
				if err != nil {
					return err
				}
				if asHex {
					raw = append(hex.AppendEncode(nil, raw), '\n')
				}
				if _, err := w.Write(raw); err != nil {
					return err
				}
				continue
			}
			if i > 0 {
				fmt.Fprintln(w)
			}
			if err := view.WriteDescription(w, sh); err != nil {
				return err
			}
		}
		return nil
	})
}
