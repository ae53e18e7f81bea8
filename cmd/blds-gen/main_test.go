package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/tools/txtar"

	"github.com/pylabhub/datahub/cmd/blds-gen/internal/cli"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestMain(m *testing.M) {
	// Nothing that a test loads comes from the network, and no workspace or
	// vendor folder around the checkout counts.
	for key, value := range map[string]string{"GOPROXY": "off", "GOFLAGS": "", "GOWORK": "off", "NO_COLOR": ""} {
		os.Setenv(key, value)
	}
	testscript.Main(m, map[string]func(){"blds-gen": main})
}

// TestScripts runs each command with its flags as a user does.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			for _, key := range []string{"GOPROXY", "GOFLAGS", "GOWORK"} {
				env.Setenv(key, os.Getenv(key))
			}
			for _, key := range []string{"GOCACHE", "GOMODCACHE"} {
				env.Setenv(key, goEnv(key))
			}
			fixed, err := filepath.Abs("../../runtime/fixed") // for what compiles generated code
			env.Setenv("FIXED", fixed)
			return err
		},
	})
}

// run runs blds-gen in a folder, within this process.
func run(t testing.TB, dir, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	t.Chdir(dir)
	var out, errs bytes.Buffer
	code = cli.Run(context.Background(), args, strings.NewReader(stdin), &out, &errs)
	return out.String(), errs.String(), code
}

// extract writes the files of an archive into a new folder.
func extract(t *testing.T, file string) (dir string, archive *txtar.Archive) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for _, f := range archive.Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir, archive
}

// golden compares with a file, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
