package syntax

// normalise brings the empty lines of a tree into the canonical style: none at
// the beginning of a file or body, one between declarations of several lines.
// It also opens bodies that cannot stand on one line.
func (f *File) normalise() {
	s := spacer{first: true}
	if f.Namespace != nil {
		s.item(&f.Namespace.Comments, false)
	}
	if f.GoPackage != nil {
		s.item(&f.GoPackage.Comments, false)
	}
	for i, n := range f.Imports {
		s.item(&n.Comments, i == 0)
	}
	line := false // the item before is a declaration of one line
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *Enum:
			normaliseBody(&d.Body, d.Values)
		case *Channel:
			normaliseBody(&d.Body, d.Policies)
		case *Record:
			normaliseBody(&d.Body, d.Members)
			d.Body.Line = false
		}
		s.item(d.comments(), !line || !d.isLine())
		line = d.isLine()
	}
	s.end(f.End)
}

func normaliseBody[N interface{ comments() *Comments }](b *Body, items []N) {
	b.Line = b.Line && b.Open == nil && b.End == nil
	s := spacer{first: true}
	for _, n := range items {
		c := n.comments()
		s.item(c, false)
		if g, ok := any(n).(*Group); ok {
			normaliseBody(&g.Body, g.Members)
			g.Body.Line = false
		}
		b.Line = b.Line && c.Lead == nil && c.Doc == nil && c.Trail == nil
	}
	if s.end(b.End); b.Line {
		for _, n := range items {
			n.comments().Blank = false
		}
	}
}

// A spacer walks over the items of a file or body.
type spacer struct{ first bool }

func (s *spacer) item(c *Comments, blank bool) {
	switch {
	case s.first:
		c.setBlank(false)
	case blank:
		c.setBlank(true)
	}
	s.first = false
}

func (s *spacer) end(list []Comment) {
	if s.first && len(list) > 0 {
		list[0].Blank = false
	}
}

// setBlank says whether an empty line stands before the first line of a node.
func (n *Comments) setBlank(blank bool) {
	if len(n.Lead) > 0 {
		n.Lead[0].Blank = blank
	} else {
		n.Blank = blank
	}
}

// spaced reports whether an empty line stands before a node or inside its
// comments.
func (n *Comments) spaced() bool {
	for i := range n.Lead {
		if n.Lead[i].Blank {
			return true
		}
	}
	return n.Blank
}
