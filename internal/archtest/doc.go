// Package archtest holds the tests that keep the house in order: which package
// may import which, where unsafe code and code for one operating system may
// stand, what go.mod may contain, how long a file may be. Each failure says
// what was found, where, and why the rule exists.
//
// The rules are tables: imports.go says who may import whom, source.go what a
// file may contain. A new tree of packages needs a row first.
package archtest
