package fixed

import (
	"os/exec"
	"strings"
	"testing"
)

// guarded says for each GOARCH what the compiler must answer, "" for nothing.
var guarded = map[string]string{
	"amd64": "", "arm64": "", "loong64": "", "mips64le": "", "ppc64le": "", "riscv64": "", "wasm": "",
	"386": "this GOARCH is 32-bit", "arm": "this GOARCH is 32-bit", "mips": "this GOARCH is 32-bit", "mipsle": "this GOARCH is 32-bit",
	"mips64": "this GOARCH is big-endian", "ppc64": "this GOARCH is big-endian", "s390x": "this GOARCH is big-endian",
}

func TestUnsupportedTargetsSayWhyTheyDoNotCompile(t *testing.T) {
	list, err := exec.Command("go", "tool", "dist", "list").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for target := range strings.FieldsSeq(string(list)) {
		goos, goarch, _ := strings.Cut(target, "/")
		if seen[goarch] {
			continue
		}
		seen[goarch] = true
		want, known := guarded[goarch]
		if !known {
			t.Errorf("GOARCH=%s is in no guard file", goarch)
			continue
		}
		t.Run(goarch, func(t *testing.T) {
			cmd := exec.Command("go", "build", ".")
			cmd.Env = append(cmd.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
			out, err := cmd.CombinedOutput()
			if (err != nil) != (want != "") || !strings.Contains(string(out), want) {
				t.Errorf("go build: %v\n%swant %q", err, out, want)
			}
		})
	}
	for goarch := range guarded {
		if !seen[goarch] {
			t.Errorf("GOARCH=%s is not Go's", goarch)
		}
	}
}

func TestFixedImportsNothing(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.Imports}}", ".").Output()
	if err != nil || strings.TrimSpace(string(out)) != "[]" {
		t.Errorf("imports %s, want none (%v)", out, err)
	}
}
