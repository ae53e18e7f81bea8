package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// echoOptions are the flags of echo.
type echoOptions struct {
	format string
	follow bool
	last   uint64
	all    bool
	from   uint64
	at     bool // from was given
	count  uint64
	fields []string
	where  string
	whole  bool
	flex   bool
}

var echoFormats = []string{"text", "json", "csv"}

func (a *app) echoCmd() *cobra.Command {
	o := &echoOptions{}
	cmd := &cobra.Command{
		Use:   "echo TARGET",
		Short: "Show the values of a channel",
		Long: `Echo prints the newest value of a channel, decoded by the schema that stands in
the block; no generated code is needed. It looks on without taking part: the
producer and the consumers do not notice it, so it may miss values of a fast
producer, and says how many.

--fields names what to print: temperature, wind.speed, gusts[1], gusts[1].speed.
--where prints only values for which an expression is true:

  expression = comparison { "and" comparison }
  comparison = field ( = | != | < | <= | > | >= | has ) literal

A literal is a number, true, false, null (the field is absent), the name of an
enum's value, names of a bit set joined by |, text in quotes, a time like
2026-01-31T15:04:05Z or a span like 1.5ms. "has" asks for bits. Whole numbers are
compared exactly. A field that is absent fits only "= null".

Text is for people: times, units, long arrays cut short (see --whole). JSON is one
object per line and exact: 64-bit integers in full, times and spans as numbers of
their unit, NaN and infinities as "NaN", "Infinity", "-Infinity", blobs as base64.
CSV has a column for each field, with nested fields of their own; arrays are JSON.`,
		Example: `  datablock-admin echo roof
  datablock-admin echo roof --follow --fields number,temperature --format csv
  datablock-admin echo roof --all --where "state = broken and took > 5ms"
  datablock-admin echo roof.dhdump --all --json`,
		GroupID:           groupLook,
		Args:              exactly("TARGET"),
		ValidArgsFunction: a.completeTarget,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.at = cmd.Flags().Changed("from")
			if a.json && !cmd.Flags().Changed("format") {
				o.format = "json"
			}
			if o.follow && !cmd.Flags().Changed("last") {
				o.last = 0
			}
			switch {
			case !slices.Contains(echoFormats, o.format):
				return usageError("--format %s: use one of %s", o.format, strings.Join(echoFormats, ", "))
			case a.json && o.format != "json":
				return usageError("--json and --format %s: use one of them", o.format)
			case o.follow && segment.IsDump(args[0]):
				return usageError("--follow: nothing is added to the dump %s", args[0])
			}
			return a.echo(cmd.Context(), args[0], o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "text", "text, json or csv")
	f.BoolVarP(&o.follow, "follow", "f", false, "go on with the values that come, until interrupted or the channel ends")
	f.Uint64VarP(&o.last, "last", "n", 1, "begin with the newest `N` values that are there; with --follow 0 if not given")
	f.BoolVar(&o.all, "all", false, "begin with the oldest value that is there")
	f.Uint64Var(&o.from, "from", 0, "begin with the value of this sequence `number`")
	f.Uint64VarP(&o.count, "count", "c", 0, "stop after `N` values were printed (0: never)")
	f.StringSliceVar(&o.fields, "fields", nil, "print only these fields, in this order")
	f.StringVar(&o.where, "where", "", "print only values for which this `expression` is true")
	f.BoolVar(&o.whole, "whole", false, "in text, print arrays and blobs in full")
	f.BoolVar(&o.flex, "flex", false, "print the flexible zone instead of values")
	cmd.MarkFlagsMutuallyExclusive("last", "all", "from")
	cmd.MarkFlagsMutuallyExclusive("flex", "follow")
	completeWords(cmd, "format", echoFormats)
	// The only error is a flag that does not exist.
	if err := cmd.RegisterFlagCompletionFunc("fields", a.completeFields); err != nil {
		panic(err)
	}
	return cmd
}

// errEnough ends an echo that has printed what was asked for.
var errEnough = errors.New("enough values were printed")

func (a *app) echo(ctx context.Context, target string, o *echoOptions) error {
	out := bufio.NewWriterSize(a.stdout, 64<<10)
	bad := false
	for first := true; ; first = false {
		again, err := a.echoBlock(ctx, target, o, out, &bad, first)
		switch {
		case again && err == nil:
			continue
		case errors.Is(err, errEnough):
			err = nil
		case o.follow && !first && errors.Is(err, segment.ErrNotFound):
			err = nil // the block that was replaced has no successor any more
		}
		if err := errors.Join(err, out.Flush()); err != nil {
			return err
		}
		if bad {
			return errFindings
		}
		return nil
	}
}

// echoBlock prints values of one block. again says that another block has taken
// its name.
func (a *app) echoBlock(ctx context.Context, target string, o *echoOptions, out *bufio.Writer, bad *bool, first bool) (again bool, err error) {
	seg, err := a.observe(target)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, seg.Close()) }()
	e := &echoer{app: a, seg: seg, o: o, out: out}
	if first && e.keepsTail() {
		e.tail = [][]byte{}
	}
	if e.show, err = newShow(seg, o, out, first); err != nil {
		return false, err
	}
	err = seg.Guard(func() (err error) {
		e.r, err = slot.Observe(seg.Memory(), seg.Plan(), seg.Config(), seg.Host(), e.start(first))
		return err
	})
	if err != nil {
		return false, err
	}
	defer func() {
		err = errors.Join(err, seg.Guard(e.r.Leave))
		*bad = *bad || e.bad
	}()
	if o.flex {
		return false, e.flex()
	}
	if at := e.position(); !o.follow && at == 0 {
		e.note("%s holds no value yet", target)
	} else if !o.follow && o.at && o.from >= at {
		e.note("value %d was not written yet, the next one is %d", o.from, at)
	}
	return e.run(ctx)
}

// An echoer prints the values of one block.
type echoer struct {
	*app
	seg  *segment.Segment
	r    *slot.Reader
	o    *echoOptions
	out  *bufio.Writer
	show *show
	tail [][]byte // lines of which only the last will be printed; nil: print at once
	bad  bool     // a value did not match its checksum
}

// start says where to begin. With an expression it is not known where the newest
// values are that it wants.
func (e *echoer) start(first bool) slot.ReaderOptions {
	opts := slot.ReaderOptions{Process: segment.Identity(), Start: slot.StartOldest}
	switch {
	case !first || e.o.all || e.keepsTail():
	case e.o.at:
		opts.Start, opts.Position = slot.StartAt, e.o.from
	case e.o.last == 0:
		opts.Start = slot.StartNewest
	default:
		opts.Start, opts.Position = slot.StartAt, 0
		_ = e.seg.Guard(func() error { // what is wrong with the block Observe tells
			b, err := slot.NewBook(e.seg.Memory(), e.seg.Plan(), e.seg.Config())
			if err == nil {
				opts.Position = b.Position() - min(e.o.last, b.Position())
			}
			return err
		})
	}
	return opts
}

// keepsTail reports whether only the last of the values that are there and wanted
// are printed.
func (e *echoer) keepsTail() bool {
	return e.o.where != "" && !e.o.all && !e.o.at && e.o.last > 0 && e.o.last < math.MaxInt32
}

func (e *echoer) run(ctx context.Context) (again bool, err error) {
	defer func() {
		if errors.Is(err, slot.ErrSuperseded) && e.o.follow {
			e.note("%s was replaced by a new block, going on with that", e.seg.Channel())
			again, err = true, nil
		}
	}()
	if err := e.drain(ctx); err != nil || !e.o.follow {
		return false, e.ended(ctx, err)
	}
	for {
		if err := e.out.Flush(); err != nil {
			return false, err
		}
		var s slot.Slot
		err := e.seg.Guard(func() (err error) { s, err = e.r.Acquire(ctx, -1); return err })
		if err == nil {
			err = e.value(s)
		}
		if err == nil {
			err = e.drain(ctx)
		}
		switch {
		case err == nil:
		case errors.Is(err, slot.ErrProducerDied):
			e.note("the producer of %s died; waiting for the next one", e.seg.Channel())
		case e.skipped(err):
		default:
			return false, e.ended(ctx, err)
		}
		if ctx.Err() != nil {
			return false, nil
		}
	}
}

// ended makes an error of what ends an echo.
func (e *echoer) ended(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, slot.ErrProducerClosed), ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		return nil
	case errors.Is(err, slot.ErrProducerDied) && !e.o.follow:
		return nil
	}
	return err
}

// skipped reports whether the next values may be good after err.
func (e *echoer) skipped(err error) bool {
	switch {
	case errors.Is(err, slot.ErrChecksum):
		e.bad = true
		e.note("%v", err)
	case errors.Is(err, slot.ErrOverrun):
		e.note("%s: the producer is too fast for this value", e.seg.Channel())
	default:
		return false
	}
	return true
}

// drain prints what is there.
func (e *echoer) drain(ctx context.Context) error {
	limit := uint64(math.MaxUint64)
	if !e.o.follow { // not for ever, if the producer is faster
		limit = e.position()
	}
	for ctx.Err() == nil && e.r.Seq() < limit {
		var s slot.Slot
		var ok bool
		err := e.seg.Guard(func() (err error) { s, ok, err = e.r.TryAcquire(); return err })
		if err == nil && ok {
			err = e.value(s)
		}
		switch {
		case err != nil && e.skipped(err):
			continue
		case err != nil:
			return errors.Join(err, e.flushTail())
		case !ok:
			return e.flushTail()
		case !e.o.follow && e.seg.Config().Sync == hdr.SyncLatestOnly: // there is only one
			return e.flushTail()
		}
	}
	return e.flushTail()
}

func (e *echoer) position() (at uint64) {
	_ = e.seg.Guard(func() error { // a block that is cut short shows in the next read
		b, err := slot.NewBook(e.seg.Memory(), e.seg.Plan(), e.seg.Config())
		if err == nil {
			at = b.Position()
		}
		return err
	})
	return at
}

// value prints one value and releases it.
func (e *echoer) value(s slot.Slot) error {
	line, err := e.show.value(s)
	if release := e.seg.Guard(e.r.Release); release != nil {
		return release
	}
	if err != nil || line == nil {
		return err
	}
	if e.tail != nil {
		e.tail = append(e.tail, slices.Clone(line))
		if uint64(len(e.tail)) > e.o.last {
			e.tail = e.tail[1:]
		}
		return nil
	}
	return e.print(line)
}

func (e *echoer) print(line []byte) error {
	if _, err := e.out.Write(line); err != nil {
		return err
	}
	e.show.printed++
	if e.o.count > 0 && e.show.printed >= e.o.count {
		return errEnough
	}
	return nil
}

// flushTail prints the values that were kept.
func (e *echoer) flushTail() error {
	tail := e.tail
	e.tail = nil
	for _, line := range tail {
		if err := e.print(line); err != nil {
			return err
		}
	}
	return nil
}

// flex prints the flexible zone.
func (e *echoer) flex() error {
	f, err := e.r.Flex()
	if err != nil {
		if e.seg.Config().FlexSize > 0 {
			return fmt.Errorf("the flexible zone of %s is shared, it is read under a lock: %w", e.seg.Channel(), err)
		}
		return fmt.Errorf("%s has no flexible zone: %w", e.seg.Channel(), err)
	}
	var seq uint64
	if err := e.seg.Guard(func() (err error) { seq, err = f.Load(); return err }); err != nil {
		return err
	}
	if seq == 0 {
		e.note("nothing was written to the flexible zone of %s yet", e.seg.Channel())
		return nil
	}
	line, err := e.show.value(slot.Slot{Seq: seq, Payload: f.Buffer()})
	if err != nil {
		return err
	}
	_, err = e.out.Write(line)
	return err
}
