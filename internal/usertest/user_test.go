package usertest

import (
	"flag"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite expected output in the scripts")

func TestUserInstallsTheToolAndGenerates(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: builds the tool in a module of its own")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	// What go test of this module has not needed a user's go get may need: the
	// go.mod files of the whole graph.
	download := exec.Command("go", "mod", "download")
	download.Dir = root
	if out, err := download.CombinedOutput(); err != nil {
		t.Fatalf("go mod download: %v\n%s", err, out)
	}
	proxy := t.TempDir()
	if err := pack(root, proxy); err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(goEnv(t, "GOMODCACHE"), "cache", "download")
	modcache := t.TempDir() // shared by the scripts; the user's own stays clean
	env := map[string]string{
		"GOPROXY":    fileURL(proxy) + "," + fileURL(cache),
		"GOMODCACHE": modcache,
		"GOCACHE":    goEnv(t, "GOCACHE"),
		// The release exists nowhere else, so no checksum database knows it.
		"GOSUMDB":     "off",
		"GONOSUMDB":   "",
		"GOPRIVATE":   "",
		"GOTOOLCHAIN": "local",
		"CGO_ENABLED": "0",
		"GOWORK":      "",
		// Objects do not depend on the folder: they are cached between runs.
		"GOFLAGS": "-modcacherw -trimpath",
		"VERSION": release.Version,
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			for k, v := range env {
				e.Setenv(k, v)
			}
			return nil
		},
	})
}
