package syntax

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pylabhub/datahub/blds/schema"
)

// Limits of the text. Those of names and strings are the model's.
const (
	maxFile    = 16 << 20 // bytes
	maxComment = 64 << 10 // bytes of one line of comment
	maxNumber  = 128      // bytes of one number
)

// A rawComment is a comment as the lexer meets it.
type rawComment struct {
	text  string // behind the slashes; of a doc comment without the space
	doc   bool   // begins with three slashes
	blank bool   // an empty line before it
	pos   schema.Pos
	off   int
}

// A lexer cuts text into tokens. Comments are put aside for the parser, which
// knows what they belong to.
type lexer struct {
	src       string // valid UTF-8
	file      string
	ps        *problems
	off       int
	line      int
	lineStart int  // offset of the first byte of the line
	lastLine  int  // of the last token or comment, 0 if there is none yet
	tokenLine int  // of the last token
	bad       bool // something behind the last token was reported and passed
	comments  []rawComment
}

// pos returns the place of n bytes at offset off of the present line.
func (l *lexer) pos(off, n int) schema.Pos {
	return schema.Pos{File: l.file, Line: l.line, Col: off - l.lineStart + 1, Len: max(n, 1)}
}

func (l *lexer) problem(code schema.Code, off, end int, remedy, format string, args ...any) {
	l.ps.add(code, l.pos(off, end-off), remedy, format, args...)
}

// next reads the next token into t. At the end of the text, and when the file
// has too many problems, that is tEOF for ever. What cannot begin a token is
// reported and passed like white space.
func (l *lexer) next(t *token) {
	if l.ps.full {
		l.off = len(l.src)
	}
	for l.off < len(l.src) {
		switch c := l.src[l.off]; {
		case c == ' ' || c == '\t':
			l.off++
		case c == '\n':
			l.off++
			l.line++
			l.lineStart = l.off
		case c == '\r' && l.peek(1) == '\n':
			l.off++
		case c == '/' && l.peek(1) == '/':
			l.comment()
		case c == '/' && l.peek(1) == '*':
			l.blockComment()
		default:
			start, known := l.off, len(l.ps.list)
			*t = token{
				off:   start,
				line:  l.line,
				col:   start - l.lineStart + 1,
				first: l.line > l.tokenLine,
				blank: l.lastLine > 0 && l.line > l.lastLine+1,
				bad:   l.bad,
			}
			if l.token(t) {
				t.end = l.off
				l.lastLine, l.tokenLine, l.bad = l.line, l.line, false
				return
			}
			l.bad = l.bad || len(l.ps.list) > known
		}
	}
	*t = token{off: l.off, end: l.off, line: l.line, col: l.off - l.lineStart + 1, bad: l.bad}
}

// peek returns the byte n bytes on, 0 behind the end.
func (l *lexer) peek(n int) byte {
	if l.off+n < len(l.src) {
		return l.src[l.off+n]
	}
	return 0
}

// token reads the token that begins at the present offset, if one does.
func (l *lexer) token(t *token) bool {
	switch c := l.src[l.off]; {
	case isLetter(c) || c == '_':
		l.name(t)
	case isDigit(c) || c == '.' && isDigit(l.peek(1)):
		l.number(t)
	case c == '"':
		l.string(t)
	case c == '`':
		return l.quotedName(t)
	case (c == '<' || c == '>') && l.peek(1) == c:
		t.kind = tShl
		if c == '>' {
			t.kind = tShr
		}
		l.off += 2
	case punct[c] != tEOF:
		t.kind = punct[c]
		l.off++
	default:
		return l.unknown(t)
	}
	return true
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isWord(c byte) bool   { return isLetter(c) || isDigit(c) || c == '_' }

func (l *lexer) name(t *token) {
	start, foreign := l.off, rune(0)
	for l.off < len(l.src) {
		if c := l.src[l.off]; isWord(c) {
			l.off++
			continue
		}
		r, n := utf8.DecodeRuneInString(l.src[l.off:])
		if r < utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			break
		}
		if foreign == 0 {
			foreign = r
		}
		l.off += n
	}
	t.kind, t.text = tIdent, l.src[start:l.off]
	switch {
	case foreign != 0:
		l.problem(schema.CodeBadWord, start, l.off, "use the letters a to z",
			"name %s has the letter %s", quote(t.text), quote(string(foreign)))
	case t.text[0] == '_':
		l.problem(schema.CodeBadWord, start, l.off, "begin it with a letter",
			"name %s begins with an underscore", quote(t.text))
	case len(t.text) > schema.MaxName:
		l.problem(schema.CodeTooLong, start, l.off, "shorten it",
			"name of %d bytes, at most %d are allowed", len(t.text), schema.MaxName)
	}
}

func (l *lexer) quotedName(t *token) bool {
	start := l.off
	n := strings.IndexAny(l.src[start+1:], "`\n")
	if n < 0 || l.src[start+1+n] == '\n' {
		l.off++ // a stray backquote costs only itself
		l.problem(schema.CodeBadWord, start, l.off, "close it with another backquote",
			"name in backquotes has no end on its line")
		return false
	}
	l.off = start + n + 2
	t.kind, t.quoted, t.text = tIdent, true, l.src[start+1:start+1+n]
	if !schema.IsIdent(t.text) {
		l.problem(schema.CodeBadWord, start, l.off, "use letters, digits and underscores, a letter first",
			"%s is not a name", quote(t.text))
	}
	return true
}

// comment reads a line of comment, to the end of its line.
func (l *lexer) comment() {
	start := l.off
	l.off += 2
	doc := l.peek(0) == '/' && l.peek(1) != '/'
	if doc {
		l.off++
	}
	body := l.off
	end := l.visible(func(byte) bool { return false })
	text := strings.TrimRight(l.src[body:end], " \t\r")
	if doc {
		text = strings.TrimPrefix(text, " ")
	}
	if end-start > maxComment {
		l.problem(schema.CodeTooLong, start, end, "break it into lines",
			"comment of %d bytes on one line, at most %d are allowed", end-start, maxComment)
	}
	l.comments = append(l.comments, rawComment{
		text: text, doc: doc, off: start, pos: l.pos(start, end-start),
		blank: l.lastLine > 0 && l.line > l.lastLine+1,
	})
	l.lastLine = l.line
}

// visible goes on until stop, or the end of the line, and reports characters
// that cannot be seen on the way. It returns the offset it stopped at.
func (l *lexer) visible(stop func(byte) bool) int {
	for l.off < len(l.src) {
		c := l.src[l.off]
		switch {
		case c == '\n' || c == '\r' && l.peek(1) == '\n' || stop(c):
			return l.off
		case ' ' <= c && c < 0x7f || c == '\t':
			l.off++
		case !l.invisible():
			_, n := utf8.DecodeRuneInString(l.src[l.off:])
			l.off += n
		}
	}
	return l.off
}

// invisible reports a run of characters that cannot be seen, if there is one at
// the present offset, and passes it. Some change what the rest of the line looks
// like, so that a reviewer sees another text than the compiler.
func (l *lexer) invisible() bool {
	start := l.off
	for l.off < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[l.off:])
		if !isInvisible(r) || r == '\t' || r == '\n' || r == '\r' && l.peek(1) == '\n' {
			break
		}
		l.off += n
	}
	if l.off == start {
		return false
	}
	switch r, _ := utf8.DecodeRuneInString(l.src[start:]); r {
	case '\r':
		l.problem(schema.CodeControlChar, start, l.off, "end lines with LF or CRLF",
			"carriage return without a line feed")
	default:
		l.problem(schema.CodeControlChar, start, l.off, "remove it",
			"character %U cannot be seen", r)
	}
	return true
}

func isInvisible(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r < ' ' || r == 0x7f
	case unicode.IsControl(r):
		return true
	}
	switch r {
	case 0x061c, 0x200e, 0x200f, 0x2028, 0x2029, // marks of direction, separators
		0x202a, 0x202b, 0x202c, 0x202d, 0x202e, // embedding and override of direction
		0x2066, 0x2067, 0x2068, 0x2069, // isolates
		0xfeff: // byte order mark inside
		return true
	}
	return false
}

// blockComment passes a comment of C.
func (l *lexer) blockComment() {
	start, pos := l.off, l.pos(l.off, 2)
	n := strings.Index(l.src[start+2:], "*/")
	end, what, remedy := start+n+4, "comments of this kind are not part of the language", "begin each line with //"
	if n < 0 {
		end, what = len(l.src), "comment of a kind that is not part of the language, and without an end"
	}
	l.ps.add(schema.CodeBadComment, pos, remedy, "%s", what)
	for l.off < end {
		if l.src[l.off] == '\n' {
			l.line++
			l.lineStart = l.off + 1
		}
		l.off++
	}
}

// unknown passes what cannot begin a token. It reports whether that was one
// nevertheless: a name of foreign letters, a string in other quotes.
func (l *lexer) unknown(t *token) bool {
	if l.invisible() {
		return false
	}
	start := l.off
	r, n := utf8.DecodeRuneInString(l.src[start:])
	if unicode.IsLetter(r) {
		l.name(t)
		return true
	}
	l.off += n
	remedy := "remove it, or put text in double quotes"
	switch r {
	case '#':
		remedy = "begin comments with //"
		l.off = l.lineEnd(start)
	case '\'', '“', '„', '”', '«':
		remedy = `put strings in double quotes "`
		closing := map[rune]string{'“': "”", '„': "“", '«': "»"}[r]
		if closing == "" {
			closing = string(r)
		}
		if i := strings.Index(l.src[l.off:l.lineEnd(start)], closing); i >= 0 {
			t.kind, t.text = tString, l.src[l.off:l.off+i]
			l.off += i + len(closing)
		}
	case '?':
		remedy = "write @optional behind the type"
	case '<', '>':
		remedy = "put lengths in [ ]"
	case '!', '$', '\\':
		remedy = "remove it"
	default:
		for l.off < len(l.src) { // one problem for a run of them
			r, n := utf8.DecodeRuneInString(l.src[l.off:])
			if r < utf8.RuneSelf || unicode.IsLetter(r) || isInvisible(r) {
				break
			}
			l.off += n
		}
	}
	l.problem(schema.CodeUnknownChar, start, start+n, remedy, "unknown character %s", quote(string(r)))
	return t.kind == tString
}

// lineEnd returns the offset of the end of the line that off stands on.
func (l *lexer) lineEnd(off int) int {
	if i := strings.IndexByte(l.src[off:], '\n'); i >= 0 {
		return off + i
	}
	return len(l.src)
}
