package syntax

import "slices"

// A kind is the kind of a token.
type kind uint8

const (
	tEOF kind = iota
	tIdent
	tInt
	tFloat
	tVersion
	tString
	tLBrace
	tRBrace
	tLParen
	tRParen
	tLBrack
	tRBrack
	tComma
	tDot
	tColon
	tAssign
	tAt
	tSemi
	tPlus
	tMinus
	tStar
	tSlash
	tPercent
	tShl
	tShr
	tOr
	tAnd
	tXor
	tTilde
)

// kindText names the kinds in messages; of operators and punctuation it is the
// spelling.
var kindText = [...]string{
	tEOF: "end of file", tIdent: "a name", tInt: "a number",
	tFloat: "a number", tVersion: "a version", tString: "a string",
	tLBrace: "{", tRBrace: "}", tLParen: "(", tRParen: ")", tLBrack: "[", tRBrack: "]",
	tComma: ",", tDot: ".", tColon: ":", tAssign: "=", tAt: "@", tSemi: ";",
	tPlus: "+", tMinus: "-", tStar: "*", tSlash: "/", tPercent: "%", tShl: "<<", tShr: ">>",
	tOr: "|", tAnd: "&", tXor: "^", tTilde: "~",
}

// punct maps the first byte of a token of one byte to its kind.
var punct = [256]kind{
	'{': tLBrace, '}': tRBrace, '(': tLParen, ')': tRParen, '[': tLBrack, ']': tRBrack,
	',': tComma, '.': tDot, ':': tColon, '=': tAssign, '@': tAt, ';': tSemi,
	'+': tPlus, '-': tMinus, '*': tStar, '/': tSlash, '%': tPercent,
	'|': tOr, '&': tAnd, '^': tXor, '~': tTilde,
}

// binaryPrec holds the precedence of binary operators, 0 for what is none. The
// levels are those of Go.
var binaryPrec = [...]int{
	tStar: 2, tSlash: 2, tPercent: 2, tShl: 2, tShr: 2, tAnd: 2,
	tPlus: 1, tMinus: 1, tOr: 1, tXor: 1,
	tTilde: 0,
}

// A token is one word of the text.
type token struct {
	kind   kind
	quoted bool   // a name in backquotes: never a keyword
	first  bool   // nothing but white space before it on its line
	blank  bool   // an empty line before it, and after the comment before it
	bad    bool   // something before it was reported and passed
	text   string // a name without backquotes, a string's value, else as written
	off    int    // in the text, bytes from 0
	end    int
	line   int
	col    int
}

// is reports whether t is the keyword word.
func (t *token) is(word string) bool { return t.kind == tIdent && !t.quoted && t.text == word }

// String returns the token as messages show it.
func (t *token) String() string {
	switch t.kind {
	case tIdent, tInt, tFloat, tVersion:
		return quote(t.text)
	case tEOF, tString:
		return kindText[t.kind]
	}
	return quote(kindText[t.kind])
}

// Keywords are words only where the grammar asks for one, so that a field may be
// called version or import. In backquotes a word is always a name.
var (
	declKeywords   = []string{"namespace", "go_package", "import", "const", "enum", "bits", "record", "schema", "channel"}
	memberKeywords = []string{"const", "group", "pad", "reserved"}
	otherKeywords  = []string{"version", "as"}
)

func isDeclKeyword(t *token) bool {
	return t.kind == tIdent && !t.quoted && slices.Contains(declKeywords, t.text)
}

// isBuiltin reports whether name is a type of the language.
func isBuiltin(name string) bool { return builtinCode(name) != 0 }
