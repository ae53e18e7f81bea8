package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/shm"
)

// A listEntry is one channel in the output of list --json. Of a block that cannot
// be opened only Channel, State and Error are there.
type listEntry struct {
	Channel      string       `json:"channel"`
	State        string       `json:"state"` // live, dead, closed, replaced; stale, corrupt ...: the class of Error
	Error        string       `json:"error,omitempty"`
	Policy       string       `json:"policy,omitempty"`
	Sync         string       `json:"sync,omitempty"`
	Capacity     uint32       `json:"capacity,omitempty"`
	Schema       string       `json:"schema,omitempty"`
	Version      string       `json:"version,omitempty"`
	Generation   uint64       `json:"generation,omitempty"`
	Committed    uint64       `json:"committed"`
	Consumers    int          `json:"consumers"`
	Dead         int          `json:"dead_consumers"` // among them
	MaxConsumers uint32       `json:"max_consumers,omitempty"`
	Bytes        int64        `json:"bytes,omitempty"`
	HeartbeatAge int64        `json:"heartbeat_age_ns"`
	Producer     *processJSON `json:"producer,omitempty"`
}

func (a *app) listCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List all channels",
		Long: `List prints a line for each channel: what has become of its producer, what it
holds, how many consumers are attached, how many values were committed, how much
memory it takes.

STATE is live, dead (the producer died or left the block to the next one),
closed, replaced, or why the block cannot be used: stale, corrupt, truncated,
foreign_owner and so on.`,
		Example: "  datablock-admin list --json",
		GroupID: groupLook,
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			entries, err := a.list(cmd.Context())
			if err != nil {
				return err
			}
			if root, _, err := shm.Root(a.dir); err == nil && len(entries) == 0 {
				if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
					a.note("%s is not there yet: the first producer makes it", root)
				}
			}
			if a.json {
				return a.writeJSON(entries)
			}
			t := newTable(a.stdout, "CHANNEL", "STATE", "POLICY", "SCHEMA", "CONSUMERS", "COMMITTED", "SIZE", "PRODUCER")
			for _, e := range entries {
				if e.Error != "" {
					t.row(e.Channel, e.State, "-", "-", "-", "-", "-", "-")
					continue
				}
				producer := "-"
				if e.Producer != nil {
					producer = fmt.Sprintf("%s (pid %d)", clean(e.Producer.Program), e.Producer.PID)
				}
				consumers := fmt.Sprintf("%d/%d", e.Consumers, e.MaxConsumers)
				if e.Dead > 0 {
					consumers += fmt.Sprintf(" (%d dead)", e.Dead)
				}
				t.row(e.Channel, e.State, policyText(e), e.Schema+" "+e.Version, consumers, fmt.Sprint(e.Committed), bytesText(uint64(e.Bytes)), producer)
			}
			return t.flush()
		},
	}
}

func policyText(e listEntry) string {
	if e.Policy == "ring" {
		return fmt.Sprintf("ring %d %s", e.Capacity, e.Sync)
	}
	return e.Policy + " " + e.Sync
}

func (a *app) list(ctx context.Context) ([]listEntry, error) {
	names, err := a.channels()
	if err != nil {
		return nil, err
	}
	entries := make([]listEntry, 0, len(names))
	for _, name := range names {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		e, err := a.entry(name)
		if errors.Is(err, segment.ErrNotFound) && !errors.Is(err, segment.ErrEnded) {
			continue // it has gone meanwhile
		}
		if err != nil {
			f := explain(err)
			e = listEntry{Channel: name, State: f.Class, Error: f.Message}
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func (a *app) entry(name string) (e listEntry, err error) {
	seg, err := a.observe(name)
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, seg.Close()) }()
	m, err := datablock.MetricsOfSegment(seg)
	if err != nil {
		return e, err
	}
	descriptor, err := seg.Descriptor(false)
	if err != nil {
		return e, err
	}
	s, err := canon.Decode([]byte(descriptor))
	if err != nil {
		return e, fmt.Errorf("%w: %w", segment.ErrDescriptor, err)
	}
	h := seg.Header()
	e = listEntry{
		Channel: name, State: m.Producer.State.String(), Policy: h.Policy.String(), Sync: h.Sync.String(), Capacity: h.Capacity,
		Schema: s.ID, Version: s.Version.String(), Generation: h.Generation, Committed: m.CommitIndex,
		MaxConsumers: seg.Plan().Consumers, Bytes: seg.Size(), HeartbeatAge: int64(m.Producer.HeartbeatAge),
		Producer: newProcessJSON(m.Producer.Process),
	}
	for _, c := range m.Consumers {
		if c.Attached {
			e.Consumers++
			if !seg.Host().CellAlive(c.Cell) {
				e.Dead++
			}
		}
	}
	return e, nil
}
