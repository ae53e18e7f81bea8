package cli

import (
	"errors"
	"io/fs"
	"log/slog"
	"slices"

	"github.com/pylabhub/datahub/runtime/recovery"
	"github.com/pylabhub/datahub/runtime/segment"
)

// observe opens a target for looking only.
func (a *app) observe(target string) (*segment.Segment, error) {
	if segment.IsDump(target) {
		return segment.OpenDump(target, segment.DumpOptions{})
	}
	return segment.Observe(target, segment.Config{}, a.options())
}

// recovery returns the options of package recovery. Actions are logged to the
// standard error output.
func (a *app) recovery() recovery.Options {
	return recovery.Options{
		Root: a.dir, AllowForeign: a.foreign,
		Logger: slog.New(slog.NewTextHandler(a.stderr, nil)),
	}
}

// live refuses a target that is a dump.
func live(cmd, target string) error {
	if segment.IsDump(target) {
		return usageError("%s: %s is a dump, which cannot be changed: name a channel", cmd, target)
	}
	return nil
}

// channels returns the names of all channels, sorted. A folder that is not there
// has none: the first producer makes it.
func (a *app) channels() ([]string, error) {
	names, err := segment.List(a.options())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	slices.Sort(names)
	return names, err
}
