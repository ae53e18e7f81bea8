package golang

import (
	"strings"
	"testing"
)

func TestGeneratedCodeCompilesVetsAndPassesItsTests(t *testing.T) {
	w, _ := output(t)
	w.mustRun(nil, "vet", "./...")
	w.mustRun(nil, "test", "./...")
	for _, target := range []string{"linux/arm64", "darwin/arm64", "windows/amd64", "freebsd/amd64"} {
		goos, goarch, _ := strings.Cut(target, "/")
		w.mustRun([]string{"GOOS=" + goos, "GOARCH=" + goarch}, "build", "./...")
	}
	for goarch, want := range map[string]string{
		"386":   "shared records need a 64-bit CPU: this GOARCH is 32-bit",
		"s390x": "shared records are little-endian: this GOARCH is big-endian",
	} {
		out, err := w.run([]string{"GOOS=linux", "GOARCH=" + goarch}, "build", "./...")
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("GOARCH=%s go build: %v, want %q\n%s", goarch, err, want, out)
		}
	}
}
