// Package syntax is the .blds text of a schema: [Parse] makes a syntax tree of
// it, [Format] writes a tree in the canonical style, [Load] resolves imports,
// names and constants and gives what package layout takes, and [Export] makes a
// tree of a model.
//
// The tree keeps comments and the spelling of numbers, so that
// Parse(Format(f)) is f again but for positions. Input is hostile: whatever the
// bytes are, there is a bounded number of problems, each with a code and a place,
// and no panic. docs/language.md has the grammar.
package syntax
