// Package schema is the model of a BLDS schema: what a record looks like in
// memory and what its fields mean.
//
// There are two forms. A [RecordDecl] is what somebody wrote, with the wishes
// that go with it (an offset, an alignment, a group); a front end builds it
// from .blds text or from annotated Go structs and keeps the positions. A
// [Schema] is what came of it: every byte of the record is named by one member,
// members stand in offset order, and nothing of it changes any more. Package
// layout turns the first into the second; package canon encodes, hashes and
// decodes the second.
//
// The package is pure data: it reads no file, prints nothing, and holds no
// global state. Values may be shared between goroutines once they are built.
package schema
