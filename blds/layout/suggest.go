package layout

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/pylabhub/datahub/blds/schema"
)

// Suggest returns a better order of r's members, as indices into r.Members: one
// that needs fewer bytes when the fields are placed one after the other. Groups
// stay together, padding is left out, and a presence word that the compiler
// placed stands where it would place it. It returns nil if it knows no better
// order. The same record always gives the same answer.
func Suggest(r *schema.Record) []int {
	s := suggester{r: r}
	var present, always, optional []int
	for i := range r.Members {
		m := &r.Members[i]
		if m.Type.Code == schema.Padding {
			continue
		}
		if m.Flags&schema.FlagPresence != 0 && m.Name == "" {
			s.words = append(s.words, i)
			continue
		}
		present = append(present, i)
		if m.Flags&schema.FlagOptional != 0 && m.Attrs.Group == "" {
			optional = append(optional, i)
		} else {
			always = append(always, i)
		}
	}
	orders := [][]int{s.pack(present)}
	if len(s.words) > 0 {
		// A word comes before the first optional field: keep those together, at
		// the end, the widest or the narrowest first.
		first := s.pack(always)
		wide := slices.Clone(optional)
		slices.SortStableFunc(wide, func(i, j int) int { return cmp.Compare(r.Members[j].Align, r.Members[i].Align) })
		narrow := slices.Clone(optional)
		slices.SortStableFunc(narrow, func(i, j int) int { return cmp.Compare(r.Members[i].Align, r.Members[j].Align) })
		orders = append(orders, slices.Concat(first, wide), slices.Concat(first, narrow))
	}
	_, size := s.place(present)
	size = min(size, uint64(r.Size))
	var best []int
	for _, order := range orders {
		if all, n := s.place(order); n < size {
			best, size = all, n
		}
	}
	return best
}

type suggester struct {
	r     *schema.Record
	words []int // presence words that the compiler placed
}

// place returns what comes of placing members one after the other: their order
// with the presence words, and the size of the record.
func (s *suggester) place(order []int) ([]int, uint64) {
	all := make([]int, 0, len(order)+len(s.words))
	words, optionals := s.words, 0
	cursor, align, line, group := uint64(0), s.r.Align, uint32(0), ""
	leave := func() {
		if line != 0 {
			cursor = roundUp(cursor, line)
		}
		line, group = 0, ""
	}
	for _, i := range order {
		m := &s.r.Members[i]
		if m.Attrs.Group != group {
			leave()
			if group = m.Attrs.Group; group != "" {
				line = max(minLine, m.Align)
				align = max(align, line)
				cursor = roundUp(cursor, line)
			}
		}
		if m.Flags&schema.FlagOptional != 0 {
			if optionals%32 == 0 && len(words) > 0 {
				all, words = append(all, words[0]), words[1:]
				cursor = roundUp(cursor, 4) + 4
			}
			optionals++
		}
		all = append(all, i)
		cursor = roundUp(cursor, m.Align) + uint64(m.Size)
	}
	leave()
	return all, roundUp(cursor, align)
}

// A unit is one member, or all members of a group.
type unit struct {
	members []int
	size    uint64
}

// pack orders members so that little padding is needed between them: at each
// offset it takes the widest member that needs the least padding there, in the
// present order.
func (s *suggester) pack(members []int) []int {
	var byAlign [8][]unit // of alignment 1, 2, ... 128
	left := 0
	for k := 0; k < len(members); left++ {
		m := &s.r.Members[members[k]]
		u, align := unit{members[k : k+1], uint64(m.Size)}, m.Align
		if g := m.Attrs.Group; g != "" {
			n := 1
			for k+n < len(members) && s.r.Members[members[k+n]].Attrs.Group == g {
				n++
			}
			u.members = slices.Clone(members[k : k+n])
			slices.SortStableFunc(u.members, func(i, j int) int { return cmp.Compare(s.r.Members[j].Align, s.r.Members[i].Align) })
			_, u.size = s.place(u.members)
			align = max(minLine, s.r.Members[u.members[0]].Align)
		}
		k += len(u.members)
		log := bits.TrailingZeros32(align)
		byAlign[log] = append(byAlign[log], u)
	}
	out := make([]int, 0, len(members))
	cursor := uint64(0)
	for ; left > 0; left-- {
		best, pad := -1, uint64(0)
		for log := range byAlign {
			p := roundUp(cursor, 1<<log) - cursor
			if len(byAlign[log]) > 0 && (best < 0 || p <= pad) {
				best, pad = log, p
			}
		}
		u := byAlign[best][0]
		byAlign[best] = byAlign[best][1:]
		out = append(out, u.members...)
		cursor += pad + u.size
	}
	return out
}
