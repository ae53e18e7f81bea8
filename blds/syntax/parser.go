package syntax

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/pylabhub/datahub/blds/schema"
)

// Parse reads .blds text. The file's name is used in positions only. With
// problems the tree holds what could be understood; without, it is complete.
// The problems are in order of their places.
func Parse(filename string, src []byte) (*File, []schema.Problem) {
	var ps problems
	p := parser{lexer: lexer{file: filename, ps: &ps, line: 1}, errOff: -1}
	p.f = &File{Name: filename}
	if p.accept(src) {
		p.next(&p.tok)
		p.parseFile()
	}
	sortProblems(ps.list)
	return p.f, ps.list
}

// accept takes the text unless it is none.
func (p *parser) accept(src []byte) bool {
	pos := schema.Pos{File: p.file, Line: 1, Col: 1, Len: 1}
	switch {
	case len(src) > maxFile:
		p.ps.add(schema.CodeTooLong, pos, "break it into several", "file of %d bytes, at most %d are allowed", len(src), maxFile)
		return false
	case bytes.HasPrefix(src, []byte{0xff, 0xfe}) || bytes.HasPrefix(src, []byte{0xfe, 0xff}):
		p.ps.add(schema.CodeNotUTF8, pos, "save the file as UTF-8", "the file is UTF-16")
		return false
	case !utf8.Valid(src):
		off := 0
		for {
			r, n := utf8.DecodeRune(src[off:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			off += n
		}
		pos.Line += bytes.Count(src[:off], []byte{'\n'})
		pos.Col = off - bytes.LastIndexByte(src[:off], '\n')
		p.ps.add(schema.CodeNotUTF8, pos, "save the file as UTF-8", "byte 0x%02x is not UTF-8", src[off])
		return false
	}
	p.src = string(src)
	if bytes.HasPrefix(src, []byte("\ufeff")) {
		pos.Len = 3
		p.ps.add(schema.CodeByteOrderMark, pos, "save the file as UTF-8 without it", "the file begins with a byte order mark")
		p.off = 3
	}
	return true
}

// A parser reads one file by recursive descent with one token of lookahead. A
// parse method that fails has reported why; its caller skips to where the next
// item may begin.
type parser struct {
	lexer
	f       *File
	tok     token
	end     int // offset, line and column behind the last token taken
	endLine int
	endCol  int
	errOff  int  // offset of the last problem of the grammar: one per token
	comma   bool // a comma or semicolon between members was reported
	nodes   int  // parts of the present expression
}

func (p *parser) advance() {
	p.end, p.endLine, p.endCol = p.tok.end, p.tok.line, p.tok.col+p.tok.end-p.tok.off
	p.next(&p.tok)
}

// here returns the place of the present token. The end of the file is shown
// behind the last token.
func (p *parser) here() schema.Pos {
	if p.tok.kind == tEOF && p.endLine > 0 {
		return schema.Pos{File: p.file, Line: p.endLine, Col: p.endCol, Len: 1}
	}
	return schema.Pos{File: p.file, Line: p.tok.line, Col: p.tok.col, Len: max(1, p.tok.end-p.tok.off)}
}

// since widens pos up to the last token taken, if that stands on the same line.
func (p *parser) since(pos schema.Pos) schema.Pos {
	if p.endLine == pos.Line {
		pos.Len = max(1, p.endCol-pos.Col)
	}
	return pos
}

// unexpected reports that the present token is not what was wanted, unless
// something was reported there already.
func (p *parser) unexpected(remedy, want string, args ...any) *schema.Problem {
	if p.errOff == p.tok.off || p.tok.bad {
		return nil
	}
	p.errOff = p.tok.off
	return p.ps.add(schema.CodeUnexpected, p.here(), remedy, "expected %s, found %s",
		fmt.Sprintf(want, args...), p.tok.String())
}

// got takes the present token if it is of kind k.
func (p *parser) got(k kind) bool {
	if p.tok.kind != k {
		return false
	}
	p.advance()
	return true
}

// expect takes a token of kind k, or reports what stands there instead.
func (p *parser) expect(k kind, remedy string) bool {
	if p.got(k) {
		return true
	}
	p.unexpected(remedy, "%s", quote(kindText[k]))
	return false
}

// name takes a name, of a thing called what.
func (p *parser) name(what, remedy string) (Name, bool) {
	if p.tok.kind != tIdent {
		p.unexpected(remedy, "%s", what)
		return Name{}, false
	}
	n := Name{Text: p.tok.text, Pos: p.here()}
	p.advance()
	return n, true
}

// head takes a name in the head of a declaration. A keyword at the beginning of a
// line is no name there: what stands before it has not been finished.
func (p *parser) head(what, remedy string) (Name, bool) {
	if p.tok.first && isDeclKeyword(&p.tok) {
		p.unexpected(remedy, "%s", what)
		return Name{}, false
	}
	return p.name(what, remedy)
}

// dotted takes the rest of a dotted name that began with n.
func (p *parser) dotted(n Name) (Name, bool) {
	long := false
	for p.got(tDot) {
		part, ok := p.name("a name", "")
		if !ok {
			return n, false
		}
		n.Pos = p.since(n.Pos)
		if long = long || len(n.Text)+1+len(part.Text) > schema.MaxID; !long {
			n.Text += "." + part.Text
		}
	}
	if long {
		p.ps.add(schema.CodeTooLong, n.Pos, "shorten it", "name of more than %d bytes", schema.MaxID)
	}
	return n, true
}

// begin gives the comments before the present token to the node that begins
// with it.
func (p *parser) begin(c *Comments, doc bool) {
	c.Blank = p.tok.blank
	docs := 0
	for i := range p.comments {
		r := &p.comments[i]
		if r.doc && doc {
			if docs++; docs == 1 {
				c.Blank = r.blank
			}
			c.Doc = append(c.Doc, r.text)
			continue
		}
		c.Lead = append(c.Lead, p.plain(r))
	}
	p.comments = p.comments[:0]
}

// plain returns a comment that documents nothing. A doc comment is reported.
func (p *parser) plain(r *rawComment) Comment {
	text := r.text
	if r.doc {
		p.ps.add(schema.CodeStrayDoc, r.pos, "begin it with two slashes, or put it before a declaration, a field or a value",
			"doc comment that belongs to nothing")
		text = "/"
		if r.text != "" {
			text += " " + r.text
		}
	}
	return Comment{Text: text, Blank: r.blank, Pos: r.pos}
}

// finish gives the comments inside the node that ends with the last token, and
// the one behind it on its line, to the node. An item of a list ends twice,
// before and behind its comma.
func (p *parser) finish(c *Comments) {
	behind := p.inner(c)
	switch {
	case behind == nil:
	case c.Trail == nil:
		c.Trail = behind
	default:
		c.Lead = append(c.Lead, *behind)
	}
}

// open does the same at the opening brace of a node.
func (p *parser) open(c *Comments, b *Body) { b.Open = p.inner(c) }

func (p *parser) inner(c *Comments) (behind *Comment) {
	if len(p.comments) == 0 {
		return nil
	}
	n := 0
	for ; n < len(p.comments); n++ {
		r := &p.comments[n]
		if r.off > p.end {
			if r.pos.Line == p.endLine {
				com := p.plain(r)
				com.Blank = false
				behind = &com
				n++
			}
			break
		}
		com := p.plain(r)
		com.Blank = false
		c.Lead = append(c.Lead, com)
	}
	p.comments = p.comments[:copy(p.comments, p.comments[n:])]
	return behind
}

// rest returns the comments before a closing brace or the end of the file.
func (p *parser) rest() []Comment {
	var list []Comment
	for i := range p.comments {
		list = append(list, p.plain(&p.comments[i]))
	}
	p.comments = p.comments[:0]
	return list
}
