package cli

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"time"

	"github.com/pylabhub/datahub/cmd/datablock-admin/internal/value"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// A show turns values of one block into lines.
type show struct {
	typ     *value.Type
	columns []*value.Column
	filter  *value.Filter
	format  string
	whole   bool
	printed uint64
	unseen  uint64 // values that were missed since the last line
	buf     []byte
}

// newShow returns what shows the values of seg as o says. It prints the head of a
// table if that is wanted.
func newShow(seg *segment.Segment, o *echoOptions, out *bufio.Writer, head bool) (*show, error) {
	descriptor, err := seg.Descriptor(o.flex)
	if err != nil {
		return nil, err
	}
	s := &show{format: o.format, whole: o.whole}
	if descriptor == "" {
		return s, nil // there is no flexible zone, which the reader says
	}
	if s.typ, err = value.Parse(descriptor); err != nil {
		return nil, err
	}
	if s.typ.Raw() {
		if len(o.fields) > 0 || o.where != "" {
			return nil, usageError("%s holds bytes without a schema: there are no fields to choose or to compare", seg.Channel())
		}
	} else if err := s.choose(o); err != nil {
		return nil, err
	}
	if s.format == "csv" && head {
		row := []string{"seq", "time_ns", "lost"}
		for _, c := range s.columns {
			row = append(row, c.Path)
		}
		if s.typ.Raw() {
			row = append(row, "value")
		}
		line, err := csvLine(row)
		if err == nil {
			_, err = out.Write(line)
		}
		return s, err
	}
	return s, nil
}

func (s *show) choose(o *echoOptions) error {
	var err error
	if o.where != "" {
		if s.filter, err = s.typ.Where(o.where); err != nil {
			return usageError("--where: %v", err)
		}
	}
	switch {
	case len(o.fields) > 0:
		for _, path := range o.fields {
			c, err := s.typ.Column(path)
			if err != nil {
				return usageError("--fields: %v", err)
			}
			s.columns = append(s.columns, c)
		}
	case o.format == "csv":
		s.columns = s.typ.Leaves()
	default:
		s.columns = s.typ.Top()
	}
	return nil
}

// value returns the line of a value, good until the next call; nil if it is not
// wanted.
func (s *show) value(v slot.Slot) ([]byte, error) {
	s.unseen += v.Lost
	raw := s.typ.Raw()
	if !raw {
		if err := s.typ.Check(v.Payload); err != nil {
			return nil, fmt.Errorf("value %d: %w", v.Seq, err)
		}
		if !s.filter.Match(v.Payload) {
			return nil, nil
		}
	}
	lost := s.unseen
	s.unseen = 0
	b := s.buf[:0]
	switch s.format {
	case "json":
		b = fmt.Appendf(b, `{"seq":%d,"time_ns":`, v.Seq)
		if v.Time == 0 {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendInt(b, v.Time, 10)
		}
		b = fmt.Appendf(b, `,"lost":%d,"value":`, lost)
		if raw {
			b = value.AppendBase64(b, v.Payload)
		} else {
			b = value.AppendJSON(b, s.columns, v.Payload)
		}
		b = append(b, "}\n"...)
	case "csv":
		row := []string{strconv.FormatUint(v.Seq, 10), "", strconv.FormatUint(lost, 10)}
		if v.Time != 0 {
			row[1] = strconv.FormatInt(v.Time, 10)
		}
		for _, c := range s.columns {
			row = append(row, c.Cell(v.Payload))
		}
		if raw {
			quoted := value.AppendBase64(nil, v.Payload)
			row = append(row, string(quoted[1:len(quoted)-1]))
		}
		line, err := csvLine(row)
		if err != nil {
			return nil, err
		}
		b = append(b, line...)
	default:
		b = fmt.Appendf(b, "seq %d", v.Seq)
		if v.Time != 0 {
			b = append(b, "  "+time.Unix(0, v.Time).UTC().Format(time.RFC3339Nano)...)
		}
		if lost > 0 {
			b = fmt.Appendf(b, "  %d before it not seen", lost)
		}
		b = append(b, '\n')
		if raw {
			b = append(b, "  "+value.Bytes(v.Payload, s.whole)+"\n"...)
		} else {
			b = value.AppendText(b, s.columns, v.Payload, s.whole)
		}
	}
	s.buf = b
	return b, nil
}

func csvLine(row []string) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write(row); err != nil {
		return nil, err
	}
	w.Flush()
	return b.Bytes(), w.Error()
}
