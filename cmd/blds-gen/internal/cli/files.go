package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/blds/schema"
)

// maxFile is the size of the largest file that is read. Schemas are small:
// what is larger was named by mistake.
const maxFile = 16 << 20

var (
	errNotRegular = errors.New("it is not a regular file")
	errTooLarge   = fmt.Errorf("it is larger than %d MiB", maxFile>>20)
)

// readFile reads a regular file of reasonable size.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name) // opening a named pipe would wait for its other end
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errIsDir
	case !info.Mode().IsRegular():
		return nil, errNotRegular
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f)
}

// An interruptible reader ends when its context does, even within a read that
// waits, as one from a terminal.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (r interruptible) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	buf := make([]byte, len(p)) // the read may end when p is no longer ours
	go func() {
		n, err := r.r.Read(buf)
		done <- result{n, err}
	}()
	select {
	case got := <-done:
		return copy(p, buf[:got.n]), got.err
	case <-r.ctx.Done():
		return 0, context.Cause(r.ctx)
	}
}

// readAll reads a stream up to maxFile bytes.
func readAll(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(text) > maxFile {
		return nil, errTooLarge
	}
	return text, err
}

var errIsDir = errors.New("is a folder")

// read reads a source named on the command line, "-" for standard input, and
// keeps its text for snippets.
func (a *app) read(name string) (shown string, text []byte, problem *schema.Problem) {
	shown = filepath.Clean(name)
	var err error
	if name == "-" {
		shown = stdinName
		text, err = readAll(a.stdin)
	} else {
		text, err = readFile(name)
	}
	if err != nil {
		return shown, nil, fileProblem(shown, err)
	}
	a.texts[shown] = text
	return shown, text, nil
}

const stdinName = "<stdin>"

// fileProblem turns an error of the file system into a problem.
func fileProblem(name string, err error) *schema.Problem {
	p := &schema.Problem{Code: schema.CodeUnreadable, Pos: schema.Pos{File: name}}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.Code, p.Message = schema.CodeNotFound, "no such file"
		if strings.ContainsAny(name, "*?[") {
			p.Remedy = "the shell found no file for the pattern"
		} else if near := nearFile(name); near != "" {
			p.Remedy = fmt.Sprintf("did you mean %q?", near)
		}
	case errors.Is(err, errIsDir):
		p.Code, p.Message, p.Remedy = schema.CodeNotFile, "a folder, where a file was expected", "name the files in it"
	default:
		p.Message = "cannot be read: " + reason(err)
	}
	return p
}

// nearFile returns a file beside the missing one with a name like it.
func nearFile(name string) string {
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		if filepath.Ext(e.Name()) == filepath.Ext(name) {
			names = append(names, e.Name())
		}
	}
	if near := schema.Nearest(filepath.Base(name), names); near != "" {
		return filepath.Join(filepath.Dir(name), near)
	}
	return ""
}

// reason returns an error without the operation and the path, which the
// message has already.
func reason(err error) string {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		return pe.Err.Error()
	case errors.As(err, &le):
		return le.Err.Error()
	}
	return err.Error()
}

// writeFile replaces a file by rename, so that nobody ever sees half of it. The
// mode of a file that was there is kept.
func writeFile(name string, text []byte) *schema.Problem {
	err := replaceFile(name, text)
	if err == nil {
		return nil
	}
	return &schema.Problem{Code: schema.CodeUnwritable, Pos: schema.Pos{File: name}, Message: "cannot be written: " + reason(err)}
}

func replaceFile(name string, text []byte) error {
	mode := fs.FileMode(0o644)
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return errIsDir
	case err == nil && !info.Mode().IsRegular(): // a terminal, /dev/stdout
		return os.WriteFile(name, text, mode)
	case err == nil && info.Mode().Perm()&0o200 == 0:
		return fs.ErrPermission // a rename would go through
	case err == nil:
		mode = info.Mode().Perm()
		if name, err = filepath.EvalSymlinks(name); err != nil { // write through a link
			return err
		}
		if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, text) {
			return nil
		}
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".blds-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing is there after the rename
	_, err = f.Write(text)
	if err == nil {
		err = f.Chmod(mode)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// written turns an error of writing to standard output into an outcome.
func (a *app) written(_ int, err error) error {
	if err == nil {
		return nil
	}
	return failure(schema.Problem{Code: schema.CodeUnwritable, Pos: schema.Pos{File: "<stdout>"}, Message: "cannot be written: " + reason(err)})
}

// noArgs is cobra's check for commands without arguments.
func (a *app) noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return failure(usage(cmd.CommandPath(), fmt.Sprintf("%s takes no arguments, but got %q", cmd.Name(), args[0]), ""))
}
