package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Find looks for the configuration in dir and the folders above it, up to the
// root of the module or, without one, of the repository. It returns "" if there
// is none.
func Find(dir string) (string, error) {
	for {
		file := filepath.Join(dir, FileName)
		if ok, err := exists(file); ok || err != nil {
			return file, err
		}
		for _, root := range []string{"go.mod", ".git"} {
			if ok, err := exists(filepath.Join(dir, root)); ok || err != nil {
				return "", err
			}
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", nil
		}
		dir = up
	}
}

func exists(file string) (bool, error) {
	_, err := os.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
