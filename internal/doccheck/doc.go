// Package doccheck keeps the documents true: what a document shows as code is
// code of this repository that is compiled and tested, and what it links to is
// there.
//
// A code block is taken from a source file if a comment stands right above it:
//
//	<!-- source: internal/doccheck/weather/example_test.go#ExampleReading -->
//
// The part behind # names a declaration; of an example function the body is
// taken, without its expected output. Without # it is the whole file. The tests
// compare; with -update they write the block anew.
package doccheck
