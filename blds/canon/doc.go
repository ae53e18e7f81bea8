// Package canon encodes a schema in its canonical form, decodes it, and computes
// the hashes that are a schema's identity. docs/canonical-form.md describes the
// bytes; testdata has vectors for other implementations.
//
// One schema has exactly one canonical form, and one form exactly one schema:
// [Decode] refuses every other spelling of the same thing, and checks all that
// package layout guarantees, so that a decoded schema is as trustworthy as one
// that was just laid out, whoever sent it.
package canon
