package cli

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/schema"
	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/fixed"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// infoJSON is the output of info --json.
type infoJSON struct {
	Channel    string       `json:"channel"`
	Path       string       `json:"path"`
	State      string       `json:"state"`
	BlockID    string       `json:"block_id"`
	Generation uint64       `json:"generation"`
	Created    time.Time    `json:"created"`
	Creator    *processJSON `json:"creator,omitempty"`
	Producer   *processJSON `json:"producer,omitempty"`
	Epoch      uint64       `json:"epoch"` // producers it has had
	Policy     string       `json:"policy"`
	Sync       string       `json:"sync"`
	Capacity   uint32       `json:"capacity"`
	Slots      uint32       `json:"slots"`
	Consumers  uint32       `json:"max_consumers"`
	Spinlocks  uint32       `json:"spinlocks"`
	Checksum   string       `json:"checksum"`
	Timestamp  bool         `json:"timestamp"`
	Evict      bool         `json:"evict"`
	Secure     bool         `json:"secure"`
	LockScheme string       `json:"lock_scheme"`
	PageSize   uint32       `json:"page_size"`
	Bytes      int64        `json:"bytes"`
	SlotLayout slotLayout   `json:"slot_layout"`
	Regions    []regionJSON `json:"regions"`
	Slot       zoneJSON     `json:"slot"`
	Flex       *zoneJSON    `json:"flex,omitempty"`
}

// slotLayout says where things are in a slot, in bytes; -1 is not there.
type slotLayout struct {
	Stride    uint32 `json:"stride"`
	Timestamp int64  `json:"timestamp"`
	Length    int64  `json:"length"`
	Checksum  int64  `json:"checksum"`
	Payload   uint32 `json:"payload"`
	Size      uint32 `json:"payload_size"`
}

type regionJSON struct {
	Region string `json:"region"`
	File   string `json:"file"`
	Offset uint64 `json:"offset"`
	Size   uint64 `json:"size"`
}

type zoneJSON struct {
	Schema     string      `json:"schema"`
	Version    string      `json:"version"`
	Mode       string      `json:"mode,omitempty"`
	LayoutHash string      `json:"layout_hash"`
	SchemaHash string      `json:"schema_hash"`
	Size       uint32      `json:"size"`
	Fields     []fieldJSON `json:"fields"`
}

type fieldJSON struct {
	Name     string `json:"name"` // nested fields under dotted names
	Offset   uint32 `json:"offset"`
	Size     uint32 `json:"size"`
	Type     string `json:"type"`
	Unit     string `json:"unit,omitempty"`
	Optional bool   `json:"optional,omitempty"`
}

func (a *app) infoCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "info TARGET",
		Short: "Show what a block is: policies, schema, layout, who made it",
		Long: `Info prints what stands in the header of a block, the fields of its schema, and
where everything lies in its files.`,
		Example:           "  datablock-admin info roof",
		GroupID:           groupLook,
		Args:              exactly("TARGET"),
		ValidArgsFunction: a.completeTarget,
		RunE: func(_ *cobra.Command, args []string) (err error) {
			seg, err := a.observe(args[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, seg.Close()) }()
			v, err := info(seg)
			if err != nil {
				return err
			}
			if a.json {
				return a.writeJSON(v)
			}
			return a.printInfo(v)
		},
	}
}

func info(seg *segment.Segment) (*infoJSON, error) {
	m, err := datablock.MetricsOfSegment(seg)
	if err != nil {
		return nil, err
	}
	h, p := seg.Header(), seg.Plan()
	v := &infoJSON{
		Channel: seg.Channel(), Path: seg.Path(), State: m.Producer.State.String(), BlockID: hex.EncodeToString(h.Preamble.BlockID[:]),
		Generation: h.Generation, Created: time.Unix(0, h.CreatedNS).UTC(), Creator: newProcessJSON(segment.NewProcess(&h.Creator)),
		Producer: newProcessJSON(m.Producer.Process),
		Policy:   h.Policy.String(), Sync: h.Sync.String(), Capacity: h.Capacity, Slots: p.Slots, Consumers: p.Consumers,
		Spinlocks: seg.Config().Spinlocks, Checksum: h.Checksum.String(), Timestamp: h.TimestampOffset != slot.None,
		Evict: h.Evict != fixed.False, Secure: seg.Secure(), LockScheme: h.LockScheme.String(), PageSize: h.PageSize, Bytes: seg.Size(),
		SlotLayout: slotLayout{p.Stride, offset(p.TimestampOff), offset(p.LengthOff), offset(p.ChecksumOff), p.PayloadOff, p.PayloadSize},
	}
	if err := seg.Guard(func() error { v.Epoch = seg.ProducerInfo().Epoch; return nil }); err != nil {
		return nil, err
	}
	if h.Checksum != hdr.ChecksumNone {
		v.Checksum += " " + h.ChecksumType.String()
	}
	for _, r := range h.Regions[:min(int(h.RegionCount), len(h.Regions))] {
		v.Regions = append(v.Regions, regionJSON{r.Kind.String(), r.File.String(), r.Offset, r.Size})
	}
	slots, err := zone(seg, false, &h.Slot)
	if err != nil {
		return nil, err
	}
	v.Slot = *slots
	v.Flex, err = zone(seg, true, &h.Flex)
	if v.Flex != nil {
		v.Flex.Mode = h.FlexMode.String()
	}
	return v, err
}

func offset(n uint32) int64 {
	if n == slot.None {
		return -1
	}
	return int64(n)
}

// zone describes the type of the slots or of the flexible zone, nil if there is
// none.
func zone(seg *segment.Segment, flex bool, z *hdr.Zone) (*zoneJSON, error) {
	descriptor, err := seg.Descriptor(flex)
	if err != nil || descriptor == "" {
		return nil, err
	}
	s, err := canon.Decode([]byte(descriptor))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", segment.ErrDescriptor, err)
	}
	v := &zoneJSON{
		Schema: s.ID, Version: s.Version.String(), Size: s.Record.Size,
		LayoutHash: hex.EncodeToString(z.LayoutHash[:]), SchemaHash: hex.EncodeToString(z.SchemaHash[:]), Fields: []fieldJSON{},
	}
	appendFields(&v.Fields, s.Record, "", 0)
	return v, nil
}

func appendFields(out *[]fieldJSON, r *schema.Record, prefix string, base uint32) {
	for i := range r.Members {
		m := &r.Members[i]
		if !m.IsField() {
			continue
		}
		*out = append(*out, fieldJSON{prefix + m.Name, base + m.Offset, m.Size, m.Type.String(), m.Attrs.Unit, m.Flags&schema.FlagOptional != 0})
		if m.Type.Record != nil {
			appendFields(out, m.Type.Record, prefix+m.Name+".", base+m.Offset)
		}
	}
}

func (a *app) printInfo(v *infoJSON) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("channel", "%s", v.Channel)
	line("path", "%s", v.Path)
	line("block", "%s, generation %d", v.BlockID, v.Generation)
	line("created", "%s by %s", v.Created.Format(time.RFC3339), processText(v.Creator))
	line("producer", "%s: %s, number %d of this block", v.State, processText(v.Producer), v.Epoch)
	line("policy", "%s, %s, capacity %d in %d slots, at most %d consumers", v.Policy, v.Sync, v.Capacity, v.Slots, v.Consumers)
	line("options", "checksum %s, timestamp %s, evict %s, %d spinlocks", v.Checksum, onOff(v.Timestamp), onOff(v.Evict), v.Spinlocks)
	if v.Secure {
		line("secure", "its memory is handed out by the producer, and is gone with it")
	}
	line("memory", "%s, pages of %s, locks %s", bytesText(uint64(v.Bytes)), bytesText(uint64(v.PageSize)), v.LockScheme)
	line("slot", "%d bytes apart, value of %d bytes at %d", v.SlotLayout.Stride, v.SlotLayout.Size, v.SlotLayout.Payload)
	zoneText(&b, "schema", &v.Slot)
	if v.Flex != nil {
		zoneText(&b, "flexible", v.Flex)
	}
	b.WriteString("\nregions\n")
	t := newTable(&b, "  REGION", "FILE", "OFFSET", "SIZE")
	for _, r := range v.Regions {
		t.row("  "+r.Region, r.File, fmt.Sprint(r.Offset), fmt.Sprint(r.Size))
	}
	if err := t.flush(); err != nil {
		return err
	}
	return a.printf("%s", b.String())
}

func zoneText(b *strings.Builder, name string, z *zoneJSON) {
	mode := ""
	if z.Mode != "" {
		mode = ", " + z.Mode
	}
	fmt.Fprintf(b, "\n%s %s %s, %d bytes%s\n  layout hash %s\n  schema hash %s\n", name, z.Schema, z.Version, z.Size, mode, z.LayoutHash, z.SchemaHash)
	t := newTable(b, "  OFFSET", "SIZE", "TYPE", "FIELD")
	for _, f := range z.Fields {
		text := f.Name
		if f.Unit != "" {
			text += " (" + f.Unit + ")"
		}
		if f.Optional {
			text += " optional"
		}
		t.row(fmt.Sprintf("  %d", f.Offset), fmt.Sprint(f.Size), f.Type, text)
	}
	_ = t.flush() // a strings.Builder takes everything
}

func processText(p *processJSON) string {
	if p == nil {
		return "an unknown process"
	}
	return fmt.Sprintf("%s (pid %d, started %s)", clean(p.Program), p.PID, p.Started.Format(time.RFC3339))
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}
