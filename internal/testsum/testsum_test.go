package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestMain lets the test binary play make: target "lint" prints the file
// testdata/lint.txt; target "go-NAME" runs go test over the module in the
// current folder, package NAME; a target whose name ends in "-fails" exits
// with 2.
func TestMain(m *testing.M) {
	if os.Getenv("TESTSUM_PLAYS_MAKE") == "" {
		os.Exit(m.Run())
	}
	target := os.Args[2]
	if pattern, ok := strings.CutPrefix(target, "go-"); ok {
		cmd := exec.Command("go", "test", os.Args[3][len("JSON="):], "./"+pattern)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if cmd.Run() != nil {
			os.Exit(2)
		}
		os.Exit(0)
	}
	text, err := os.ReadFile(filepath.Join(os.Getenv("TESTSUM_PLAYS_MAKE"), target+".txt"))
	if err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
	os.Stdout.Write(text)
	if strings.HasSuffix(target, "-fails") {
		os.Exit(2)
	}
	os.Exit(0)
}

// What differs from run to run.
var unstable = regexp.MustCompile(`\d+\.\d+s`)

// sum runs testsum in dir with this binary as make and compares with a golden
// file.
func sum(t *testing.T, dir, golden string, strict bool, wantCode int, targets ...string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	testdata, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TESTSUM_PLAYS_MAKE", testdata)
	t.Chdir(dir)
	var b bytes.Buffer
	if code := run(&b, self, strict, targets); code != wantCode {
		t.Errorf("exit code %d, want %d", code, wantCode)
	}
	got := unstable.ReplaceAll(b.Bytes(), []byte("Ns"))
	golden = filepath.Join(testdata, golden)
	if *update {
		if err := os.WriteFile(golden, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))
	if !bytes.Equal(got, want) {
		t.Errorf("got:\n%s\nwant (%s):\n%s", got, filepath.Base(golden), want)
	}
}

func TestWhatGoTestReportsIsCountedAndFailuresAreToldInFull(t *testing.T) {
	module, err := txtar.ParseFile("testdata/module.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range module.Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		pkg  string
		code int
	}{
		{"good", 0}, // although a test needed root
		{"bad", 1},
		{"broken", 1},
		{"exits", 1},
		{"ends", 1},
		{"empty", 1}, // no test ran
	} {
		t.Run(c.pkg, func(t *testing.T) { sum(t, dir, c.pkg+".golden", true, c.code, "go-"+c.pkg) })
	}
}

func TestTargetsGoOnAfterAFailureAndTheEndListsIt(t *testing.T) {
	sum(t, ".", "goes-on.golden", false, 1, "lint-fails", "unit")
}

func TestMissingToolIsListedWithTheCommandThatInstallsIt(t *testing.T) {
	sum(t, ".", "missing-tool.golden", false, 0, "tools", "unit", "race", "race")
}

func TestMissingToolFailsAStrictRun(t *testing.T) {
	sum(t, ".", "missing-tool-strict.golden", true, 1, "tools", "unit", "race")
}

func TestMissingMakeIsAFailure(t *testing.T) {
	var b bytes.Buffer
	if code := run(&b, filepath.Join(t.TempDir(), "make"), false, []string{"lint"}); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if !strings.HasSuffix(b.String(), "\n0 passed, 1 failed, 0 skipped\n") {
		t.Errorf("got %q, want the counts at the end", b.String())
	}
}
