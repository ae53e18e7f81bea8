// Package layout decides where each byte of a record stands. It is the only
// place that does: what it computes is what the generated code asserts, what
// the canonical form holds and what every other language's output follows.
//
// The rules: little-endian, natural alignment, every byte named. A record of
// .blds text is placed field by field in the order of the text, each at the next
// offset its alignment allows; `@offset` moves the place. A record of Go is laid
// out by the Go compiler already: its offsets are checked and the bytes between
// are named. Both give the same [schema.Record].
//
// Nothing here panics on input, recurses over it, or multiplies what has not
// been bounded.
package layout
