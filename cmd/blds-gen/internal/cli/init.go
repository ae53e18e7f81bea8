package cli

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/blds/naming"
	"github.com/pylabhub/datahub/blds/schema"
)

func (a *app) initCmd() *cobra.Command {
	var blds bool
	cmd := &cobra.Command{
		Use:   "init [NAME]",
		Short: "Write a commented starter schema",
		Long: `Init writes a small schema with comments to begin with: an annotated Go struct,
or with --blds a .blds file. NAME is the name of the schema, Reading by default;
the file is named after it. A file that exists is never replaced.`,
		Example: `  blds-gen init              write reading.go
  blds-gen init Tick         write tick.go
  blds-gen init --blds Tick  write tick.blds`,
		GroupID: groupWork,
		RunE: func(cmd *cobra.Command, args []string) error {
			name := "Reading"
			switch {
			case len(args) > 1:
				return failure(usage(cmd.CommandPath(), "init takes one name", ""))
			case len(args) == 1:
				name = args[0]
			}
			if !schema.IsIdent(name) || !token.IsExported(name) {
				return failure(usage(cmd.CommandPath(), fmt.Sprintf("%q cannot be the name of a schema", name),
					"use a capital letter, then letters and digits, as in Tick"))
			}
			return a.init(name, blds)
		},
	}
	cmd.Flags().BoolVar(&blds, "blds", false, "write a .blds file instead of Go")
	return cmd
}

func (a *app) init(name string, blds bool) error {
	pkg := packageName(".")
	file, text := naming.BldsName(name)+".go", starterGo
	if blds {
		file, text = naming.BldsName(name)+".blds", starterBlds
	}
	var b strings.Builder
	// The templates are constant and the data are strings: this does not fail.
	if err := template.Must(template.New("").Parse(text)).Execute(&b, map[string]string{"Name": name, "Package": pkg}); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return failure(schema.Problem{Code: schema.CodeExists, Pos: schema.Pos{File: file}, Message: "the file exists already",
			Remedy: "give the schema another name, as in \"blds-gen init Tick\""})
	}
	if err == nil {
		_, err = f.WriteString(b.String())
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return failure(schema.Problem{Code: schema.CodeUnwritable, Pos: schema.Pos{File: file}, Message: "cannot be written: " + reason(err)})
	}
	next := "go generate"
	if blds {
		next = "blds-gen gen " + file
	}
	return a.written(fmt.Fprintf(a.stdout, "wrote %s\n%snext: edit it, then run %q\n", file, moduleHint(), next))
}

// moduleHint tells what must be there for the next step.
func moduleHint() string {
	dir, err := filepath.Abs(".")
	if err != nil {
		return ""
	}
	root := moduleRoot(dir)
	if root == "" {
		return "first: this folder is in no Go module; run \"go mod init example.org/NAME\"\n"
	}
	const tool = "github.com/pylabhub/datahub/cmd/blds-gen"
	if text, err := readFile(filepath.Join(root, "go.mod")); err == nil && strings.Contains(string(text), tool) {
		return ""
	}
	return "first: run \"go get -tool " + tool + "\"\n"
}

// moduleRoot returns the folder of the go.mod that dir belongs to, "" if there
// is none.
func moduleRoot(dir string) string {
	for {
		if info, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil && info.Mode().IsRegular() {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

// packageName returns the name of the package in dir, or one made of the
// folder's name.
func packageName(dir string) string {
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		if f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly); err == nil {
			return f.Name.Name
		}
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "lab"
	}
	name := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(filepath.Base(abs)))
	name = strings.TrimLeft(name, "0123456789")
	if name == "" || token.IsKeyword(name) || name == "blds" {
		return "lab"
	}
	return name
}

const starterGo = `package {{.Package}}

//go:generate go tool blds-gen

// {{.Name}} is one sample of a sensor. Say here what one value is and where it
// comes from: the text goes into the generated code and into every segment.
//
// The first directive gives the type its identity, the second says how the
// values are passed on: the last 1024, in order, to at most 8 readers, none of
// which misses one. Without the second the type is only a record.
//
//blds:schema id={{.Package}}.{{.Name}} version=1.0.0
//blds:channel policy=ring capacity=1024 sync=sync_readers consumers=8 page=4k
type {{.Name}} struct {
	// TimeNS is when the sample was taken.
	TimeNS int64 ` + "`blds:\"timestamp=ns\"`" + `

	// Temperature of the air.
	Temperature float64 ` + "`blds:\"unit=degC\"`" + `

	// Humidity of the air, relative.
	Humidity float32 ` + "`blds:\"unit=percent\"`" + `

	State {{.Name}}State

	// Station is the short name of the place: UTF-8, at most 16 bytes.
	Station [16]byte ` + "`blds:\"string\"`" + `

	// Fields may be added here later.
	_ [3]byte ` + "`blds:\"reserved\"`" + `
}

// {{.Name}}State is what the sensor was doing. The exported constants of the type
// in this file are its values.
//
//blds:enum
type {{.Name}}State uint8

const (
	{{.Name}}StateUnknown {{.Name}}State = 0
	{{.Name}}StateIdle    {{.Name}}State = 1
	{{.Name}}StateRunning {{.Name}}State = 2
)
`

const starterBlds = `namespace {{.Package}}

/// {{.Name}} is one sample of a sensor. Say here what one value is and where it
/// comes from: the text goes into the generated code and into every segment.
schema {{.Name}} version 1.0.0 {
  /// When the sample was taken.
  time_ns      i64  @timestamp(ns)
  /// Temperature of the air.
  temperature  f64  @unit(degC)
  /// Humidity of the air, relative.
  humidity     f32  @unit(percent)
  state        {{.Name}}State
  /// The short name of the place: UTF-8, at most 16 bytes.
  station      string[16]
  // Fields may be added here later.
  reserved     3
}

/// {{.Name}}State is what the sensor was doing.
enum {{.Name}}State : u8 {
  unknown = 0,
  idle    = 1,
  running = 2,
}

// How the values are passed on: the last 1024, in order, to at most 8 readers,
// none of which misses one. Without a channel the schema is only a record.
channel {{.Name}} {
  policy     ring,
  capacity   1024,
  sync       sync_readers,
  consumers  8,
  page       4k,
}
`
