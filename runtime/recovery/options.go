package recovery

import (
	"log/slog"
	"time"

	"github.com/pylabhub/datahub/runtime/segment"
)

// Options say where blocks are and what may be done to them. The zero value looks
// where programs do and touches nothing that lives.
type Options struct {
	// Root is the folder that holds the blocks, as in [segment.Options].
	Root string
	// AllowForeign accepts blocks that another user owns, who must be trusted.
	AllowForeign bool
	// Watch is how far apart the two looks are that tell whether somebody moves. With
	// 0 there is one look, and nobody is called stalled.
	Watch time.Duration
	// Force lets actions touch live participants: an operator's word.
	Force bool
	// DryRun makes actions say what they would do, and do nothing.
	DryRun bool
	// Logger is told of every action. nil: slog.Default().
	Logger *slog.Logger
}

func (o *Options) segment() segment.Options {
	return segment.Options{Root: o.Root, AllowForeign: o.AllowForeign}
}

func (o *Options) logger() *slog.Logger {
	if o.Logger != nil {
		return o.Logger
	}
	return slog.Default()
}
