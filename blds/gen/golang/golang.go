// Package golang makes Go from schemas: types for those written in .blds, and
// for all of them their identity, the offsets of their fields, proofs that the
// compiler lays them out alike, accessors, channel wrappers, and tests.
//
// What is generated for a file of schemas goes into two files beside each other,
// named after it: reading.go or reading.blds gives reading_blds.go and
// reading_blds_test.go. The same input gives the same bytes.
package golang

import (
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/pylabhub/datahub/blds/gen"
	"github.com/pylabhub/datahub/blds/schema"
)

// A Target generates Go. The zero value is ready to use.
type Target struct{}

var _ gen.Target = Target{}

// Name returns "go".
func (Target) Name() string { return "go" }

// Generate makes the files of pkgs, in the order of the packages and their
// sources. A source that declares nothing to generate for gives no file.
func (Target) Generate(pkgs []*gen.Package) ([]gen.File, []schema.Problem) {
	ix := newIndex(pkgs)
	problems := ix.cycles(pkgs)
	var files []*file
	folders := make(map[string]*scope)
	for _, p := range pkgs {
		dir := filepath.Clean(p.Dir)
		if folders[dir] == nil {
			folders[dir] = newScope()
		}
		folders[dir].enter(p)
	}
	for _, p := range pkgs {
		sc := folders[filepath.Clean(p.Dir)]
		for _, src := range p.Sources {
			files = append(files, generate(ix, sc, p, src)...)
		}
	}
	for _, sc := range folders {
		problems = append(problems, sc.problems...)
	}
	if len(problems) > 0 {
		slices.SortStableFunc(problems, func(a, b schema.Problem) int {
			return strings.Compare(a.Message, b.Message) // folders is a map
		})
		slices.SortStableFunc(problems, func(a, b schema.Problem) int { return a.Pos.Compare(b.Pos) })
		return nil, problems
	}
	return render(files)
}

// generate makes the output of one source, not yet as text.
func generate(ix *index, sc *scope, p *gen.Package, src *gen.Source) []*file {
	code, test := newFile(ix, sc, p, src, ""), newFile(ix, sc, p, src, "_test")
	decls := slices.Clone(src.Decls)
	slices.SortStableFunc(decls, func(a, b gen.Decl) int { return a.Pos().Compare(b.Pos()) })
	for _, d := range decls {
		switch {
		case d.Const != nil:
			code.constant(d.Const)
		case d.Enum != nil:
			code.enum(d.Enum)
			test.enumTest(d.Enum)
		case d.Record != nil:
			r := code.newRecord(d.Record, nil)
			code.record(r)
			test.recordTest(r)
		case d.Schema != nil:
			r := code.newRecord(d.Schema.Record, d.Schema)
			code.schema(r)
			test.recordTest(r)
		}
	}
	var out []*file
	for _, f := range []*file{code, test} {
		if !f.empty {
			out = append(out, f)
		}
	}
	return out
}

// render turns files into text, several at a time: that is where the time goes.
func render(files []*file) ([]gen.File, []schema.Problem) {
	out := make([]gen.File, len(files))
	errs := make([]*schema.Problem, len(files))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		wg.Go(func() {
			for i := range next {
				out[i], errs[i] = files[i].render()
			}
		})
	}
	for i := range files {
		next <- i
	}
	close(next)
	wg.Wait()
	var problems []schema.Problem
	for _, p := range errs {
		if p != nil {
			problems = append(problems, *p)
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return out, nil
}
