package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/disk"
	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/cmd/datablock-admin/internal/doctor"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/shm"
)

func (a *app) doctorCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Find out whether this host is fit, and what to type where it is not",
		Long: `Doctor looks at the folder that holds the blocks, the file system it is in (size,
use, mount options), limits of this process (open files, file size, address space,
locked memory), whether systemd removes shared memory at logout, what the kernel
offers, and for blocks that are stale, corrupt, of other users or open to others.
It tries memory, locks and renames in a folder of its own, which it removes.

Each finding comes with the line that mends it. A warning is what works, but not
always or not well; with a warning or a problem doctor exits with 100.`,
		Example: "  datablock-admin doctor --json",
		GroupID: groupHost,
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			root, own, err := shm.Root(a.dir)
			if err != nil {
				return err
			}
			p := &doctor.Patient{
				Root: root, Own: own, UID: os.Getuid(), System: os.DirFS("/"), Linux: runtime.GOOS == "linux",
				Waits: func() bool { return !shm.SharedWatchers().Polls() },
				Usage: func(path string) (size, free uint64, err error) {
					u, err := disk.Usage(path)
					if err != nil {
						return 0, 0, err
					}
					return u.Total, u.Free, nil
				},
			}
			if u, err := user.Current(); err == nil {
				p.User = u.Username
			}
			findings := append(p.Examine(), a.examineBlocks(root)...)
			bad := slices.ContainsFunc(findings, func(f doctor.Finding) bool { return f.Level >= doctor.Warning })
			if a.json {
				err = a.writeJSON(findings)
			} else {
				err = a.printFindings(findings)
			}
			if err == nil && bad {
				err = errFindings
			}
			return err
		},
	}
}

func (a *app) printFindings(findings []doctor.Finding) error {
	for _, f := range findings {
		if err := a.printf("%-8s %-14s %s\n", f.Level, f.Check, clean(f.Text)); err != nil {
			return err
		}
		if f.Fix != "" {
			if err := a.printf("%-23s %s\n", "", f.Fix); err != nil {
				return err
			}
		}
	}
	return nil
}

// halfMadeAfter is when a folder that is being made is late, see [segment.Sweep].
const halfMadeAfter = 10 * time.Second

func isHalfMade(e fs.DirEntry) bool {
	if !strings.HasPrefix(e.Name(), ".new-") {
		return false
	}
	info, err := e.Info()
	return err == nil && time.Since(info.ModTime()) > halfMadeAfter
}

// halfMade returns the folders of blocks that were being made or removed for so long
// that whoever did it must have died.
func (a *app) halfMade() (paths []string) {
	root, _, err := shm.Root(a.dir)
	if err != nil {
		return nil // the next step says so
	}
	entries, _ := os.ReadDir(root) // it may not be there yet
	for _, e := range entries {
		if isHalfMade(e) {
			paths = append(paths, filepath.Join(root, e.Name()))
		}
	}
	return paths
}

// examineBlocks looks at what lies in the folder of the blocks.
func (a *app) examineBlocks(root string) []doctor.Finding {
	var out []doctor.Finding
	add := func(check string, level doctor.Level, fix, format string, args ...any) {
		out = append(out, doctor.Finding{Check: check, Level: level, Text: fmt.Sprintf(format, args...), Fix: fix})
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil // said already
	}
	good := 0
	for _, e := range entries {
		name := e.Name()
		if isHalfMade(e) {
			add("half-made", doctor.Note, "datablock-admin remove-stale", "%s was being made or removed by a process that died", filepath.Join(root, name))
		}
		if segment.CheckName(name) != nil {
			if !strings.HasPrefix(name, ".") {
				add("stranger", doctor.Note, "mv "+filepath.Join(root, name)+" elsewhere", "%s is no block", filepath.Join(root, name))
			}
			continue
		}
		summary, err := a.entry(name)
		switch {
		case errors.Is(err, segment.ErrNotFound):
			continue
		case errors.Is(err, segment.ErrStale):
			add("block", doctor.Warning, "datablock-admin remove-stale", "%v", err)
		case err != nil:
			f := explain(err)
			add("block", doctor.Problem, f.Remedy, "%s", f.Message)
		case summary.Dead > 0 && summary.State != "live":
			add("block", doctor.Warning, "datablock-admin cleanup-zombies "+name, "%s: %d dead consumers, and no producer to free their places", name, summary.Dead)
		default:
			good++
		}
		if runtime.GOOS != "windows" {
			examineModes(filepath.Join(root, name), add)
		}
	}
	add("blocks", doctor.OK, "", "%d can be used", good)
	return out
}

// modes are those that the files of a block may have at most.
var modes = map[string]fs.FileMode{"data": 0o640, "control": 0o660, "lock": 0o660}

// examineModes looks whether others can touch what only participants may. A lock
// file that others can read is one that they can lock, and so keep the producer
// out.
func examineModes(dir string, add func(check string, level doctor.Level, fix, format string, args ...any)) {
	for _, name := range []string{"data", "control", "lock"} {
		path := filepath.Join(dir, name)
		st, err := os.Lstat(path)
		if err != nil {
			continue // what is missing was said
		}
		if extra := st.Mode().Perm() &^ modes[name]; extra != 0 {
			add("modes", doctor.Problem, fmt.Sprintf("chmod %o %s", st.Mode().Perm()&modes[name], path),
				"%s has mode %04o, at most %04o is safe", path, st.Mode().Perm(), modes[name])
		}
	}
}
