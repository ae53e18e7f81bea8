package view

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/pylabhub/datahub/blds/schema"
)

// Measures of the picture, in pixels.
const (
	cellW     = 14 // one byte
	rowH      = 38 // one cache line
	rowGap    = 10
	marginX   = 74 // room for the offsets
	marginR   = 26
	headH     = 92 // title and ruler
	legendRow = 22
	footRow   = 18
	charW     = 7.3 // of a label
	mapW      = lineSize * cellW
)

// maxSVGRows is how many cache lines are drawn before the rest is summed up.
const maxSVGRows = 64

// palette holds fill and ink of the fields, chosen to be told apart by colour
// blind readers too; neighbours in the list are neighbours in the record.
var palette = []struct{ fill, ink string }{
	{"#a6cee3", "#12496b"}, {"#fdd49e", "#7a3d00"}, {"#b2df8a", "#2b5a0b"}, {"#d4c5e8", "#47237a"},
	{"#fbb4b9", "#7d1128"}, {"#b3e2d8", "#0b5345"}, {"#fff2ae", "#665200"}, {"#c6dbef", "#1f3d63"},
	{"#e5d8bd", "#5b4314"}, {"#f4cae4", "#6d1a52"},
}

// A piece is a run of bytes drawn in one colour.
type piece struct {
	from, to uint64 // bytes
	label    string
	title    string // shown by the browser when the mouse is over it
	color    int    // index of the palette, or one of the kinds below
	step     uint64 // bytes of an array element, 0 if it is none
}

const (
	kindPadding  = -1
	kindReserved = -2
	kindPresence = -3
)

// WriteSVG writes the layout as a picture: one row per cache line, one cell per
// byte, a legend below. Long runs of one field are folded.
func WriteSVG(w io.Writer, sh *Sheet) error {
	r := sh.Schema.Record
	pieces := piecesOf(r)
	rows := rowsOf(r, pieces)
	legend := legendOf(r)

	top := headH
	mapH := len(rows) * (rowH + rowGap)
	cols := 2
	for _, e := range legend {
		if len(legend) <= 6 || len(legend) <= 12 && e.chars() > mapW/2/charW {
			cols = 1
		}
	}
	perCol := (len(legend) + cols - 1) / cols
	width := marginX + mapW + marginR
	foot := footOf(sh)
	height := top + mapH + 18 + perCol*legendRow + 14 + len(foot)*footRow + 10

	b := bufio.NewWriter(w)
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n",
		width, height, width, height, esc("Layout of "+sh.Schema.ID))
	fmt.Fprint(b, svgDefs)
	fmt.Fprintf(b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	writeHead(b, sh)
	for i, row := range rows {
		writeRow(b, row, pieces, top+i*(rowH+rowGap), uint64(r.Size))
	}
	y := top + mapH + 18
	for i, e := range legend {
		e.write(b, marginX+(i/perCol)*(mapW/cols), y+(i%perCol)*legendRow, mapW/cols)
	}
	for i, line := range foot {
		fmt.Fprintf(b, `<text class="dim" x="%d" y="%d">%s</text>`+"\n", marginX, y+perCol*legendRow+14+i*footRow, esc(line))
	}
	fmt.Fprintln(b, "</svg>")
	return b.Flush()
}

const svgDefs = `<defs>
<pattern id="padding" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="7" height="7" fill="#f5f5f5"/><rect width="2.4" height="7" fill="#b5b5b5"/></pattern>
<pattern id="reserved" width="7" height="7" patternUnits="userSpaceOnUse"><rect width="7" height="7" fill="#f3f3f3"/><circle cx="3.5" cy="3.5" r="1.3" fill="#9a9a9a"/></pattern>
<style>text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12px;fill:#333}.id{font-size:18px;font-weight:600;fill:#111}.dim{fill:#777}.off{fill:#777;text-anchor:end}.mid{text-anchor:middle}.tick{stroke:#000;stroke-opacity:.16}</style>
</defs>
`

func esc(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a strings.Builder does not fail
	return b.String()
}

// piecesOf cuts the record into runs: nested records into their fields, arrays
// whole.
func piecesOf(r *schema.Record) []piece {
	var out []piece
	color := -1
	walkPieces(r, "", 0, func(p piece, m *schema.Member, top bool) {
		if top && m.IsField() {
			color++
		}
		if p.color == 0 {
			p.color = color % len(palette)
		}
		out = append(out, p)
	})
	return out
}

func walkPieces(r *schema.Record, prefix string, base uint64, visit func(p piece, m *schema.Member, top bool)) {
	for i := range r.Members {
		m := &r.Members[i]
		from := base + uint64(m.Offset)
		p := piece{from: from, to: from + uint64(m.Size), label: prefix + memberName(m)}
		p.title = fmt.Sprintf("%s  %s, offset %d, %s", p.label, memberType(m), from, ExactBytes(uint64(m.Size)))
		switch {
		case m.Type.Code == schema.Padding:
			p.color, p.label = kindPadding, ""
		case m.Type.Code == schema.Reserved:
			p.color, p.label = kindReserved, ""
		case m.Flags&schema.FlagPresence != 0:
			p.color = kindPresence
			if m.Name == "" {
				p.label = prefix + "bits"
			}
		}
		if m.Type.Dims != nil {
			p.step = uint64(m.Size) / m.Type.Count()
		}
		if m.Type.Code != schema.RecordType || m.Type.Dims != nil {
			visit(p, m, prefix == "")
			continue
		}
		// The first piece of a nested record takes the next colour, the others
		// share it.
		first := true
		walkPieces(m.Type.Record, p.label+".", from, func(in piece, im *schema.Member, _ bool) {
			visit(in, m, prefix == "" && first)
			first = false
		})
	}
}

// A row is one cache line, or a fold of several.
type row struct {
	start uint64
	first int    // index of the first piece in it
	fold  uint64 // number of lines left out, 0 for a line
	label string // of a fold
}

func rowsOf(r *schema.Record, pieces []piece) []row {
	var rows []row
	size, i := uint64(r.Size), 0
	for start := uint64(0); start < size; start += lineSize {
		for i+1 < len(pieces) && pieces[i].to <= start {
			i++
		}
		if len(rows) == maxSVGRows {
			return append(rows, row{start: start, fold: lines(size - start), label: "not drawn"})
		}
		rows = append(rows, row{start: start, first: i})
		// Keep the first and the last whole line of a long run.
		if p := pieces[i]; p.from <= start && p.to >= start+4*lineSize {
			n := (p.to-start)/lineSize - 2
			rows = append(rows, row{start: start + lineSize, fold: n, label: "all " + p.label})
			start += n * lineSize
		}
	}
	return rows
}

func writeHead(w io.Writer, sh *Sheet) {
	s, r := sh.Schema, sh.Schema.Record
	u := usageOf(r)
	fmt.Fprintf(w, `<text class="id" x="%d" y="34">%s <tspan class="dim" font-weight="400">%s</tspan></text>`+"\n", marginX, esc(s.ID), s.Version)
	sum := fmt.Sprintf("%s, align %d, %s: %d of fields", ExactBytes(uint64(r.Size)), r.Align, lineCount(r.Size), u.fields)
	for _, part := range []struct {
		n    uint64
		name string
	}{{u.presence, "presence"}, {u.reserved, "reserved"}, {u.padding, "padding"}} {
		if part.n > 0 {
			sum += fmt.Sprintf(", %d %s", part.n, part.name)
		}
	}
	fmt.Fprintf(w, `<text class="dim" x="%d" y="55">%s</text>`+"\n", marginX, esc(sum))
	for i := 0; i <= lineSize; i += 8 {
		x := marginX + i*cellW
		fmt.Fprintf(w, `<text class="dim mid" x="%d" y="%d" font-size="10">%d</text><line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#999"/>`+"\n",
			x, headH-10, i, x, headH-6, x, headH-2)
	}
}

func writeRow(w io.Writer, rw row, pieces []piece, y int, size uint64) {
	if rw.fold > 0 {
		fmt.Fprintf(w, `<text class="off" x="%d" y="%d">%d</text>`+"\n", marginX-10, y+rowH/2+4, rw.start)
		fmt.Fprintf(w, `<text class="dim mid" x="%d" y="%d">... %d more cache lines, %s ...</text>`+"\n", marginX+mapW/2, y+rowH/2+4, rw.fold, esc(rw.label))
		return
	}
	fmt.Fprintf(w, `<text class="off" x="%d" y="%d">%d</text>`+"\n", marginX-10, y+rowH/2+4, rw.start)
	end := rw.start + lineSize
	// The whole line first: what is behind the record's end stays empty.
	fmt.Fprintf(w, `<rect x="%d" y="%d" width="%d" height="%d" rx="5" fill="none" stroke="#ccc" stroke-dasharray="3 3"/>`+"\n", marginX, y, mapW, rowH)
	for i := rw.first; i < len(pieces) && pieces[i].from < end; i++ {
		pieces[i].write(w, rw.start, y)
	}
	fmt.Fprint(w, `<path class="tick" d="`)
	for off := rw.start + 1; off < min(end, size); off++ {
		h := 4
		if off%8 == 0 {
			h = 8
		}
		fmt.Fprintf(w, "M%d %dv-%d", marginX+int(off-rw.start)*cellW, y+rowH, h)
	}
	fmt.Fprintln(w, `"/>`)
}

// write draws the part of a piece that is on the line that starts at start.
func (p piece) write(w io.Writer, start uint64, y int) {
	from, to := max(p.from, start), min(p.to, start+lineSize)
	if from >= to {
		return
	}
	x, width := marginX+int(from-start)*cellW, int(to-from)*cellW
	fill, ink := p.paint()
	fmt.Fprintf(w, `<g><title>%s</title><rect x="%d" y="%d" width="%d" height="%d" rx="4" fill="%s" stroke="%s"/>`,
		esc(p.title), x, y, width, rowH, fill, ink)
	if p.step > 1 {
		for at := (from-p.from+p.step-1)/p.step*p.step + p.from; at < to; at += p.step {
			if at > from {
				ex := marginX + int(at-start)*cellW
				fmt.Fprintf(w, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-opacity=".45" stroke-dasharray="2 2"/>`, ex, y+2, ex, y+rowH-2, ink)
			}
		}
	}
	if label := fit(p.label, width); label != "" {
		fmt.Fprintf(w, `<text class="mid" x="%d" y="%d" style="fill:%s">%s</text>`, x+width/2, y+rowH/2+2, ink, esc(label))
	}
	fmt.Fprintln(w, "</g>")
}

func (p piece) paint() (fill, ink string) {
	switch p.color {
	case kindPadding:
		return "url(#padding)", "#999"
	case kindReserved:
		return "url(#reserved)", "#888"
	case kindPresence:
		return "#d9d9d9", "#333"
	}
	c := palette[p.color]
	return c.fill, c.ink
}

// fit shortens a label to what a box of the given width holds: the last part
// of a dotted name, then its beginning, then nothing.
func fit(label string, width int) string {
	chars := int((float64(width) - 6) / charW)
	if len(label) <= chars {
		return label
	}
	if i := strings.LastIndexByte(label, '.'); i >= 0 {
		label = label[i+1:]
	}
	switch {
	case len(label) <= chars:
		return label
	case chars >= 4:
		return label[:chars-2] + ".."
	}
	return ""
}

// A legendEntry explains one colour.
type legendEntry struct {
	p    piece
	name string
	text string
}

func unitText(at *schema.Attrs) string {
	switch {
	case at.Unit != "":
		return at.Unit
	case at.Time != schema.NoTime:
		return at.TimeUnit + " (" + at.Time.String() + ")"
	}
	return ""
}

// maxLegend is how many entries are shown before the rest is summed up.
const maxLegend = 96

func legendOf(r *schema.Record) []legendEntry {
	var out []legendEntry
	color := 0
	left := 0
	for i := range r.Members {
		m := &r.Members[i]
		switch {
		case !m.IsField():
			continue
		case len(out) == maxLegend:
			left++
			continue
		}
		text := fmt.Sprintf("at %d, %s: %s", m.Offset, Bytes(uint64(m.Size)), memberType(m)) // what is cut is at the end
		if unit := unitText(&m.Attrs); unit != "" {
			text += " in " + unit
		}
		out = append(out, legendEntry{piece{color: color % len(palette)}, m.Name, text})
		color++
	}
	if left > 0 {
		out = append(out, legendEntry{piece{color: kindPresence}, "...", fmt.Sprintf("%d more fields", left)})
	}
	u := usageOf(r)
	for _, k := range []struct {
		kind int
		name string
		n    uint64
	}{{kindPresence, "presence bits", u.presence}, {kindReserved, "reserved", u.reserved}, {kindPadding, "padding", u.padding}} {
		if k.n > 0 {
			out = append(out, legendEntry{piece{color: k.kind}, k.name, Bytes(k.n)})
		}
	}
	return out
}

// legendIndent is the room of an entry's colour and of the gap behind it.
const legendIndent = 36

// chars is the width of an entry in characters.
func (e legendEntry) chars() float64 {
	return float64(len(e.name)+1+len(e.text)) + (legendIndent+14)/charW
}

func (e legendEntry) write(w io.Writer, x, y, width int) {
	fill, ink := e.p.paint()
	room := int(float64(width-legendIndent-14)/charW) - 1
	name := cut(e.name, room-10)
	fmt.Fprintf(w, `<rect x="%d" y="%d" width="26" height="14" rx="3" fill="%s" stroke="%s"/>`, x, y-11, fill, ink)
	fmt.Fprintf(w, `<text x="%d" y="%d"><tspan font-weight="600">%s</tspan> <tspan class="dim">%s</tspan></text>`+"\n",
		x+legendIndent, y, esc(name), esc(cut(e.text, room-len(name))))
}

// footOf returns the lines below the legend.
func footOf(sh *Sheet) []string {
	var out []string
	if sh.Order != nil {
		out = append(out, fmt.Sprintf("better order, %d bytes: %s", sh.OrderSize, cut(strings.Join(sh.Order, ", "), 96)))
	}
	if sh.Schema.Channel != nil {
		seg := SegmentOf(sh.Schema)
		out = append(out, fmt.Sprintf("channel: %d slots of %d bytes, %s and a few pages", seg.Slots, seg.Stride, Bytes(seg.Total())))
	}
	return append(out, "layout "+sh.LayoutHash, "schema "+sh.SchemaHash)
}

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n-3] + "..."
	}
	return s
}
