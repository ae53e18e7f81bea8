package view

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// A Sheet is a schema with what is shown beside it.
type Sheet struct {
	Schema     *schema.Schema
	Zone       Zone
	LayoutHash string   // hex
	SchemaHash string   // hex
	Order      []string // a better order of the fields, nil if there is none
	OrderSize  uint32   // bytes of the record in that order
}

// maxMapLines is how many cache lines are drawn before the rest is summed up.
const maxMapLines = 32

// WriteTable writes the layout as text: a table of all members, a map of the
// cache lines, and what the record costs.
func WriteTable(w io.Writer, sh *Sheet) error {
	b := bufio.NewWriter(w)
	s, r := sh.Schema, sh.Schema.Record
	fmt.Fprintf(b, "%s %s  %s, align %d, %s  (%s)\n\n", s.ID, s.Version, ExactBytes(uint64(r.Size)), r.Align, lineCount(r.Size), sh.Zone)

	keys := keysOf(r)
	rows := [][]string{{"", "offset", "size", "align", "line", "field", "type"}}
	walk(r, func(f Field) {
		key := ""
		if f.Depth == 0 {
			key = string(keys[f.Member])
		}
		rows = append(rows, []string{key, fmt.Sprint(f.Offset), fmt.Sprint(f.Size), fmt.Sprint(f.Member.Align),
			lineRange(f.Offset, f.Size), strings.Repeat("  ", f.Depth) + memberName(f.Member), memberType(f.Member)})
	})
	writeRows(b, rows, "lrrrrll")

	fmt.Fprintln(b)
	writeMap(b, r, keys)

	u := usageOf(r)
	fmt.Fprintf(b, "\nfields %d, padding %d", u.fields, u.padding)
	if u.presence > 0 {
		fmt.Fprintf(b, ", presence %d", u.presence)
	}
	if u.reserved > 0 {
		fmt.Fprintf(b, ", reserved %d", u.reserved)
	}
	fmt.Fprintf(b, " of %d bytes (%.0f%% used)\n", r.Size, 100*float64(u.fields+u.presence)/float64(r.Size))
	if sh.Order != nil {
		fmt.Fprintf(b, "better order, %d bytes instead of %d: %s\n", sh.OrderSize, r.Size, strings.Join(sh.Order, ", "))
	}
	if c := s.Channel; c != nil {
		seg := SegmentOf(s)
		fmt.Fprintf(b, "channel  %s\n", ChannelText(c))
		fmt.Fprintf(b, "segment  %d slots of %d bytes (%d before the value): %s", seg.Slots, seg.Stride, seg.Head, Bytes(seg.Payload))
		if seg.Flex > 0 {
			fmt.Fprintf(b, "; flexible zone %s", Bytes(seg.Flex))
		}
		fmt.Fprintf(b, "; and a few pages of its own\n")
	}
	fmt.Fprintf(b, "layout   %s\nschema   %s\n", sh.LayoutHash, sh.SchemaHash)
	return b.Flush()
}

func lineCount(size uint32) string {
	if n := lines(uint64(size)); n != 1 {
		return fmt.Sprintf("%d cache lines", n)
	}
	return "1 cache line"
}

func lineRange(offset, size uint32) string {
	first, last := offset/lineSize, (offset+max(size, 1)-1)/lineSize
	if first == last {
		return fmt.Sprint(first)
	}
	return fmt.Sprintf("%d-%d", first, last)
}

func memberName(m *schema.Member) string {
	switch {
	case m.Name != "":
		return m.Name
	case m.Type.Code == schema.Padding:
		return "(padding)"
	case m.Type.Code == schema.Reserved:
		return "(reserved)"
	}
	return "(presence)"
}

// memberType returns the type and what else belongs to the layout.
func memberType(m *schema.Member) string {
	if m.Type.Code == schema.Padding || m.Type.Code == schema.Reserved {
		return ""
	}
	var b strings.Builder
	b.WriteString(m.Type.String())
	if m.Type.Enum != nil {
		b.WriteString(" : " + m.Type.Enum.Base.String())
	}
	if m.Flags&schema.FlagAtomic != 0 {
		b.WriteString(" atomic")
	}
	if m.Flags&schema.FlagOptional != 0 {
		fmt.Fprintf(&b, " optional (word %d bit %d)", m.Presence.Word, m.Presence.Bit)
	}
	if m.Flags&schema.FlagPresence != 0 && m.Name != "" {
		b.WriteString(" presence")
	}
	if m.Attrs.Group != "" {
		b.WriteString(" group " + m.Attrs.Group)
	}
	return b.String()
}

// keysOf gives each member of the outermost record the letter that stands for
// it in the map.
func keysOf(r *schema.Record) map[*schema.Member]byte {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	keys := make(map[*schema.Member]byte, len(r.Members))
	n := 0
	for i := range r.Members {
		m := &r.Members[i]
		switch {
		case m.Type.Code == schema.Padding:
			keys[m] = '.'
		case m.Type.Code == schema.Reserved:
			keys[m] = '~'
		case m.Flags&schema.FlagPresence != 0:
			keys[m] = '#'
		default:
			keys[m] = letters[n%len(letters)]
			n++
		}
	}
	return keys
}

// writeMap draws each cache line as one character per byte, with a mark every
// eight. Lines that look like the one before are drawn once.
func writeMap(w io.Writer, r *schema.Record, keys map[*schema.Member]byte) {
	drawn, next := 0, 0
	var previous string
	repeated := 0
	flush := func() {
		if repeated > 0 {
			fmt.Fprintf(w, "  %8s  (%d more like this)\n", "", repeated)
			repeated = 0
		}
	}
	for start := uint64(0); start < uint64(r.Size); start += lineSize {
		for next+1 < len(r.Members) && uint64(r.Members[next+1].Offset) <= start {
			next++
		}
		// Whole lines of one member need no look at each of them.
		m := &r.Members[next]
		if end := uint64(m.Offset) + uint64(m.Size); previous != "" && allOf(previous, keys[m]) && end > start+lineSize {
			n := (end - start) / lineSize
			repeated += int(n)
			start += (n - 1) * lineSize
			continue
		}
		line := mapLine(r, keys, next, start)
		if line == previous {
			repeated++
			continue
		}
		flush()
		if drawn == maxMapLines {
			fmt.Fprintf(w, "  %8s  (%d more cache lines)\n", "", lines(uint64(r.Size)-start))
			return
		}
		fmt.Fprintf(w, "  %8d |%s|\n", start, line)
		drawn++
		previous = line
	}
	flush()
}

func allOf(line string, key byte) bool {
	return strings.Trim(line, string(key)+" ") == "" && !strings.HasSuffix(line, " ")
}

func mapLine(r *schema.Record, keys map[*schema.Member]byte, i int, start uint64) string {
	var b strings.Builder
	for off := start; off < start+lineSize; off++ {
		if off > start && off%8 == 0 {
			b.WriteByte(' ')
		}
		for i+1 < len(r.Members) && uint64(r.Members[i+1].Offset) <= off {
			i++
		}
		if off >= uint64(r.Size) {
			b.WriteByte(' ')
			continue
		}
		b.WriteByte(keys[&r.Members[i]])
	}
	return b.String()
}

// writeRows writes columns two spaces apart, aligned left or right as cols
// says, without spaces at the end of a line.
func writeRows(w io.Writer, rows [][]string, cols string) {
	width := make([]int, len(cols))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			if i > 0 {
				b.WriteString("  ")
			}
			if cols[i] == 'r' {
				fmt.Fprintf(&b, "%*s", width[i], cell)
			} else {
				fmt.Fprintf(&b, "%-*s", width[i], cell)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}
