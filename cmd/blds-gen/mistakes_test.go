package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// TestMistakesAreAnsweredAsRecorded runs what somebody new to the tool may do
// wrong. Each archive of testdata/mistakes tells the mistake, holds the command
// in a line that begins with "$ blds-gen", the files, and as its last section
// "answer" what the user reads.
func TestMistakesAreAnsweredAsRecorded(t *testing.T) {
	archives, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil || len(archives) < 30 {
		t.Fatalf("%d archives, want 30 or more: %v", len(archives), err)
	}
	for _, file := range archives {
		file, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir, _ := extract(t, file)
			var args []string
			for line := range strings.SplitSeq(string(archive.Comment), "\n") {
				if cmd, ok := strings.CutPrefix(line, "$ blds-gen"); ok {
					args = strings.Fields(cmd)
				}
			}
			stdout, stderr, code := run(t, dir, "", args...)
			got := fmt.Sprintf("%s%sexit code %d\n", stdout, stderr, code)
			if code == 0 {
				t.Errorf("the mistake is not noticed:\n%s", got)
			}
			last := len(archive.Files) - 1
			if last < 0 || archive.Files[last].Name != "answer" {
				archive.Files = append(archive.Files, txtar.File{Name: "answer"})
				last++
			}
			if *update {
				archive.Files[last].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(archive.Files[last].Data), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
