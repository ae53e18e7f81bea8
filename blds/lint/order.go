package lint

import (
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
)

// BetterOrder returns the names of a record's fields in an order that needs
// fewer bytes, and how many; nil if the record has the best one.
func BetterOrder(r *schema.Record) (names []string, size uint32) {
	order := layout.Suggest(r)
	if order == nil {
		return nil, 0
	}
	align := uint32(1)
	for _, i := range order {
		m := &r.Members[i]
		if m.Type.Code == schema.Padding {
			continue
		}
		if m.Name != "" {
			names = append(names, m.Name)
		}
		align = max(align, m.Align)
		size = roundUp(size, m.Align) + m.Size
	}
	size = roundUp(size, align)
	if size >= r.Size {
		return nil, 0
	}
	return names, size
}

func roundUp(n, align uint32) uint32 { return (n + align - 1) / align * align }
