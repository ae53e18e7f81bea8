package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTenMegabytesOfGarbageGetAShortAnswer gives every command that reads .blds
// files what is none.
func TestTenMegabytesOfGarbageGetAShortAnswer(t *testing.T) {
	const size = 10 << 20
	random := make([]byte, size)
	rnd := rand.NewChaCha8([32]byte{1})
	rnd.Read(random)
	for name, tc := range map[string]struct{ text, want string }{
		"random bytes":        {string(random), "BLDS0202: "},
		"braces":              {strings.Repeat("{", size), "BLDS0210: "},
		"one name":            {strings.Repeat("x", size), "BLDS0208: "},
		"words":               {strings.Repeat("x y z\n", size/6), "BLDS0210: "},
		"an expression":       {"const x u32 = " + strings.Repeat("(", size), "BLDS0214: "},
		"larger than allowed": {strings.Repeat(" ", 17<<20), "BLDS0003: "},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "x.blds"), []byte(tc.text), 0o666); err != nil {
				t.Fatal(err)
			}
			for _, cmd := range []string{"lint", "gen", "fmt", "hash"} {
				stdout, stderr, code := run(t, dir, "", cmd, "x.blds")
				if code == 0 || stdout != "" || !strings.Contains(stderr, tc.want) || len(stderr) > 64<<10 {
					t.Errorf("%s: exit code %d, %d bytes of output, want %s within 64 KiB:\n%.2000s", cmd, code, len(stdout)+len(stderr), tc.want, stderr)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
				t.Errorf("files were left: %v", left)
			}
		})
	}
}
