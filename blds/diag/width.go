package diag

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tabWidth is how wide a tab of the source is shown. Tabs are expanded so that
// the caret stands right whatever the terminal's tab stops are.
const tabWidth = 4

// visible returns text as a terminal may show it, and its width in cells: tabs
// become spaces; control and formatting characters, which could move the cursor
// or reverse the order of what is shown, and bytes that are no UTF-8 are spelled
// out.
func visible(text []byte) (string, int) {
	var b strings.Builder
	cells := 0
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		s, w := string(text[:n]), 1
		switch {
		case r == '\t':
			w = tabWidth
			s = strings.Repeat(" ", w)
		case r == utf8.RuneError && n == 1:
			s = fmt.Sprintf("<%02X>", text[0])
			w = len(s)
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
			s = fmt.Sprintf("<U+%04X>", r)
			w = len(s)
		case unicode.In(r, unicode.Mn, unicode.Me):
			w = 0
		case unicode.Is(wide, r):
			w = 2
		}
		b.WriteString(s)
		cells += w
		text = text[n:]
	}
	return b.String(), cells
}

// wide holds the characters that take two cells of a terminal: East Asian Wide
// and Fullwidth, and the emoji blocks.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115f, 1}, {0x231a, 0x231b, 1}, {0x2329, 0x232a, 1}, {0x23e9, 0x23ec, 1},
		{0x2614, 0x2615, 1}, {0x2648, 0x2653, 1}, {0x26a1, 0x26a1, 1}, {0x2705, 0x2705, 1},
		{0x274c, 0x274c, 1}, {0x2e80, 0x303e, 1}, {0x3041, 0xa4cf, 1}, {0xa960, 0xa97f, 1},
		{0xac00, 0xd7a3, 1}, {0xf900, 0xfaff, 1}, {0xfe10, 0xfe19, 1}, {0xfe30, 0xfe6f, 1},
		{0xff00, 0xff60, 1}, {0xffe0, 0xffe6, 1},
	},
	R32: []unicode.Range32{
		{0x1f300, 0x1f64f, 1}, {0x1f680, 0x1f6ff, 1}, {0x1f900, 0x1f9ff, 1}, {0x1fa70, 0x1faff, 1},
		{0x20000, 0x3fffd, 1},
	},
}
