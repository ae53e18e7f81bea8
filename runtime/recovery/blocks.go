package recovery

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/runtime/segment"
)

// A BlockSummary is one block of the folder that holds them.
type BlockSummary struct {
	Channel string `json:"channel"`
	// Problem says why the block cannot be used, "" if it can; then all that follows is
	// empty. Err is the same as an error.
	Problem string `json:"problem,omitempty"`
	Err     error  `json:"-"`
	// Stale: it is from before the machine's last start; see [RemoveStale].
	Stale bool `json:"stale,omitempty"`

	Path       string             `json:"path"`
	Generation uint64             `json:"generation"`
	Created    time.Time          `json:"created,omitzero"`
	Schema     string             `json:"schema"` // id and version
	Policy     string             `json:"policy"`
	Sync       string             `json:"sync"`
	Bytes      int64              `json:"bytes"`
	Written    uint64             `json:"written"` // sequence number of the next value
	Producer   *ProducerDiagnosis `json:"producer,omitempty"`
	Attached   int                `json:"attached"` // consumers that live
	Dead       int                `json:"dead"`     // consumers that died and whose places are not free yet
}

// ListBlocks returns all blocks there are, by name. What cannot be opened is in the
// list with its problem, a secure channel whose producer has died among it.
func ListBlocks(o Options) ([]BlockSummary, error) {
	names, err := segment.List(o.segment())
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	all := make([]BlockSummary, 0, len(names))
	for _, name := range names {
		s := BlockSummary{}
		b, err := openChannel(name, o)
		if err == nil {
			s, err = use(b, (*Block).Summary)
		}
		if errors.Is(err, segment.ErrNotFound) && !errors.Is(err, segment.ErrEnded) {
			continue // removed meanwhile
		}
		if err != nil {
			s = BlockSummary{Channel: name, Problem: err.Error(), Err: err, Stale: errors.Is(err, segment.ErrStale)}
		}
		all = append(all, s)
	}
	return all, nil
}

// Summary describes the block in a line.
func (b *Block) Summary() (s BlockSummary, err error) {
	h := b.seg.Header()
	s = BlockSummary{
		Channel: b.seg.Channel(), Path: b.seg.Path(), Generation: h.Generation, Created: time.Unix(0, h.CreatedNS),
		Policy: h.Policy.String(), Sync: h.Sync.String(), Bytes: b.seg.Size(),
	}
	if s.Schema, err = b.schema(); err != nil {
		return s, err
	}
	err = b.seg.Guard(func() error {
		l := b.look()
		p := b.producerOf(l)
		s.Producer, s.Written = &p, p.Head
		for i := range l.cells {
			switch c := &l.cells[i]; {
			case c.dead():
				s.Dead++
			case c.Active():
				s.Attached++
			}
		}
		return nil
	})
	return s, err
}

func (b *Block) schema() (string, error) {
	d, err := b.seg.Descriptor(false)
	if err != nil {
		return "", err
	}
	m, err := canon.Decode([]byte(d))
	if err != nil {
		return "", fmt.Errorf("%w: %w", segment.ErrDescriptor, err)
	}
	return fmt.Sprintf("%s %s", m.ID, m.Version), nil
}

// RemoveStale removes what nobody can be using: blocks from before the machine's last
// start, and folders of blocks that dead processes left half made or half removed
// (see [segment.Sweep]). It touches nothing that could be in use, with or without
// Force. Results: Success, NotStuck, Failed with an error.
func RemoveStale(o Options) (out Outcome, err error) {
	fail := func(err error) (Outcome, error) {
		out.Result, out.Reason, out.DryRun = Failed, err.Error(), o.DryRun
		return out, err
	}
	names, err := segment.List(o.segment())
	if err != nil {
		return fail(err)
	}
	slices.Sort(names)
	var errs []error
	for _, name := range names {
		seg, err := segment.Observe(name, segment.Config{}, o.segment())
		if err == nil {
			errs = append(errs, seg.Close())
		}
		if !errors.Is(err, segment.ErrStale) {
			continue
		}
		s := Step{What: "removed the stale block of channel " + name, Cell: -1, Slot: -1}
		if !o.DryRun {
			err := segment.RemoveStale(name, o.segment())
			if errors.Is(err, segment.ErrNotStale) || errors.Is(err, segment.ErrNotFound) || errors.Is(err, segment.ErrExists) {
				continue // its producer has come back
			}
			if err != nil {
				errs = append(errs, err)
				continue
			}
			o.logger().Info("block removed", "channel", name, "why", "stale")
		}
		out.Done = append(out.Done, s)
	}
	if !o.DryRun {
		n, err := segment.Sweep(o.segment())
		errs = append(errs, err)
		if n > 0 {
			out.Done = append(out.Done, Step{What: fmt.Sprintf("removed %d half-made folders", n), Cell: -1, Slot: -1})
			o.logger().Info("half-made folders removed", "count", n)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fail(err)
	}
	out.DryRun = o.DryRun
	if len(out.Done) == 0 {
		out.Result = NotStuck
	}
	out.Reason = fmt.Sprintf("%d stale", len(out.Done))
	return out, nil
}

// Dump writes the block of a channel to a file that [Open] reads, see
// [segment.Segment.Dump]. Nobody notices.
func Dump(channel, path string, d segment.DumpOptions, o Options) error {
	seg, err := segment.Observe(channel, segment.Config{}, o.segment())
	if err != nil {
		return err
	}
	return errors.Join(seg.Dump(path, d), seg.Close())
}
