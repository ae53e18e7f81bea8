package lint

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pylabhub/datahub/blds/naming"
	"github.com/pylabhub/datahub/blds/schema"
)

// implicitPadding is about Go only: in .blds padding is the compiler's, by the
// rules of the language.
func implicitPadding(p *pass) {
	p.records(func(d *schema.RecordDecl, r *schema.Record) {
		if !d.Host {
			return
		}
		written := map[uint64]uint64{} // offset -> end of padding that stands in the source
		for i := range d.Fields {
			if f := &d.Fields[i]; f.Type.Code == schema.Padding && f.Offset != nil {
				written[*f.Offset] = *f.Offset + f.Type.Len
			}
		}
		for i := range r.Members {
			m := &r.Members[i]
			if m.Type.Code != schema.Padding {
				continue
			}
			from, end := uint64(m.Offset), uint64(m.Offset)+uint64(m.Size)
			for from < end {
				if to, ok := written[from]; ok && to > from {
					from = to
					continue
				}
				to := end
				for off := range written {
					if off > from && off < to {
						to = off
					}
				}
				p.unwritten(d, from, to-from)
				from = to
			}
		}
	})
}

// unwritten reports n bytes of padding at an offset, at the field before them.
func (p *pass) unwritten(d *schema.RecordDecl, at, n uint64) {
	var before *schema.FieldDecl
	for i := range d.Fields {
		if f := &d.Fields[i]; f.Offset != nil && *f.Offset < at && f.Name != "" {
			before = f
		}
	}
	if before == nil {
		p.report(schema.CodeImplicitPadding, d.Pos, fmt.Sprintf("%s of padding at offset %d of %q not written down", bytes(n), at, d.Name),
			fmt.Sprintf("add \"_ [%d]byte\"", n))
		return
	}
	where := "after"
	if at+n == d.HostSize {
		where = "at the end, after"
	}
	p.report(schema.CodeImplicitPadding, before.Pos, fmt.Sprintf("%s of padding %s field %q not written down", bytes(n), where, before.Name),
		fmt.Sprintf("add \"_ [%d]byte\" after it", n))
}

func bytes(n uint64) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

func fieldOrder(p *pass) {
	p.records(func(d *schema.RecordDecl, r *schema.Record) {
		if names, size := BetterOrder(r); names != nil {
			p.report(schema.CodeFieldOrder, d.Pos, fmt.Sprintf("%q has %d bytes, in another order it has %d", d.Name, r.Size, size),
				"reorder the fields: "+list(names, 12))
		}
	})
}

// list joins names, the first n of many.
func list(names []string, n int) string {
	if len(names) > n {
		return strings.Join(names[:n], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}

// lineSize is the cache line the rules think in.
const lineSize = 64

// sharedLine reports each cache line once, at the second field on it.
func sharedLine(p *pass) {
	p.records(func(_ *schema.RecordDecl, r *schema.Record) {
		var run []*schema.Member // atomic fields on the line of the last
		flush := func() {
			if len(run) < 2 {
				return
			}
			var names []string
			for _, m := range run {
				names = append(names, strconv.Quote(m.Name))
			}
			p.report(schema.CodeSharedLine, run[1].Pos, fmt.Sprintf("atomic fields %s share a cache line", list(names, 6)),
				"if different processes write them, put each into a group of its own",
				schema.Note{Pos: run[0].Pos, Message: fmt.Sprintf("%q is here", run[0].Name)})
		}
		for i := range r.Members {
			m := &r.Members[i]
			if m.Flags&schema.FlagAtomic == 0 {
				continue
			}
			if n := len(run); n > 0 {
				last := run[n-1]
				together := m.Attrs.Group != "" && m.Attrs.Group == last.Attrs.Group // on purpose
				if (last.Offset+last.Size-1)/lineSize != m.Offset/lineSize || together {
					flush()
					run = nil
				}
			}
			run = append(run, m)
		}
		flush()
	})
}

func enumZero(p *pass) {
	for _, e := range p.laid.Enums {
		if e.Bits || len(e.Values) == 0 {
			continue // no bit set is a good zero
		}
		named := false
		for _, v := range e.Values {
			named = named || v.Value == 0
		}
		if !named {
			p.report(schema.CodeNoZeroValue, e.Pos, fmt.Sprintf("enum %q has no name for 0, which is what fresh memory holds", e.Name), `add a value for 0, such as "unknown"`)
		}
	}
}

func schemaDoc(p *pass) {
	for _, s := range p.laid.Schemas {
		if s.Doc == "" {
			p.report(schema.CodeMissingDoc, s.Pos, fmt.Sprintf("schema %q has no doc comment", s.Name()), "say above it what one value is and where it comes from")
		}
	}
}

// namedUnits are the last words of a name that are taken for a unit of time.
// Shorter ones, like s, mean too many other things.
var namedUnits = map[string]bool{"ns": true, "us": true, "ms": true}

func unitInName(p *pass) {
	p.records(func(d *schema.RecordDecl, r *schema.Record) {
		for i := range r.Members {
			m := &r.Members[i]
			if !m.IsField() || !m.Type.Code.IsNumber() || m.Type.Enum != nil || m.Attrs.Unit != "" || m.Attrs.Time != schema.NoTime {
				continue
			}
			if unit := lastWord(m.Name); namedUnits[unit] {
				p.report(schema.CodeUnitOnlyNamed, m.Pos, fmt.Sprintf("field %q has its unit in its name only", m.Name), timeRemedy(d.Host, m.Type.Code, unit))
			}
		}
	})
}

// lastWord returns the last word of a name of several, in lower case. In a Go name
// it begins behind a small letter or a digit: TimeNS, but not CPUs.
func lastWord(name string) string {
	word := naming.BldsName(name)
	at := strings.LastIndexByte(word, '_')
	if at <= 0 {
		return ""
	}
	word = word[at+1:]
	if before := len(name) - len(word) - 1; before >= 0 && 'A' <= name[before] && name[before] <= 'Z' {
		return ""
	}
	return word
}

func timeRemedy(host bool, code schema.TypeCode, unit string) string {
	form := "@%s(" + unit + ")"
	if host {
		form = "%s=" + unit
	}
	asUnit := fmt.Sprintf(form, "unit")
	if !code.IsInt() || code.Size() < 4 {
		return "add " + asUnit
	}
	return fmt.Sprintf("add %s, %s or %s", fmt.Sprintf(form, "timestamp"), fmt.Sprintf(form, "duration"), asUnit)
}

func countingBits(p *pass) {
	for _, e := range p.laid.Enums {
		n := len(e.Values)
		if !e.Bits || n == 0 || e.Values[n-1].Value < 4 || e.Values[0].Value > 1 {
			continue // 1, 2, 3 may well be two bits and both together
		}
		counts := true
		for i, v := range e.Values {
			counts = counts && v.Value == e.Values[0].Value+uint64(i)
		}
		if counts {
			p.report(schema.CodeCountingBits, e.Pos, fmt.Sprintf("the values of bit set %q count from %d to %d instead of being masks", e.Name, e.Values[0].Value, e.Values[n-1].Value),
				"use 1, 2, 4, 8 and so on, or declare an enum")
		}
	}
}

func sinceFuture(p *pass) {
	for _, s := range p.laid.Schemas {
		for i := range s.Record.Members {
			m := &s.Record.Members[i]
			if m.Attrs.Since != nil && newer(*m.Attrs.Since, s.Version) {
				p.report(schema.CodeSinceFuture, m.Pos, fmt.Sprintf("field %q exists since %s, but the schema is version %s", m.Name, m.Attrs.Since, s.Version),
					fmt.Sprintf("raise the version of %q, or correct the number", s.Name()), schema.Note{Pos: s.Pos, Message: "the schema is here"})
			}
		}
	}
}

func newer(a, b schema.Version) bool {
	key := func(v schema.Version) uint64 {
		return uint64(v.Major)<<32 | uint64(v.Minor)<<16 | uint64(v.Patch)
	}
	return key(a) > key(b)
}

// largeBytes is how many bytes of slots are taken for a slip.
const largeBytes = 1 << 30

func largeSegment(p *pass) {
	for _, s := range p.laid.Schemas {
		if s.Channel == nil {
			continue
		}
		pos := s.Channel.Pos
		if !pos.IsValid() {
			pos = s.Pos
		}
		if n := uint64(max(s.Channel.Capacity, 1)) * uint64(s.Record.Stride); n > largeBytes {
			p.report(schema.CodeLargeSegment, pos, fmt.Sprintf("the slots of %q take %.1f GiB: %d of %d bytes", s.Name(), float64(n)/(1<<30), max(s.Channel.Capacity, 1), s.Record.Stride),
				"lower the capacity, or make the schema smaller")
		}
	}
}

func noNamespace(p *pass) {
	for _, s := range p.laid.Schemas {
		if s.Namespace() == "" {
			p.report(schema.CodeNoNamespace, s.Pos, fmt.Sprintf("schema %q has no namespace", s.Name()), "put it into one: the id would be lab.weather."+s.Name())
		}
	}
}
