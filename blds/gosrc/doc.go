// Package gosrc is the front end for annotated Go: it finds the //blds:
// directives of Go packages and turns the structs, enums and constants under
// them into the model of package schema.
//
// User code may be unfinished. It may call what has not been generated yet, or
// use an old generated file that is broken; what a schema does not need is not
// even type-checked. The work goes in steps:
//
//  1. The go command lists the packages: one call of packages.Load, names and
//     files only. Generated files are put aside. Nothing is compiled.
//  2. Files that mention a directive are parsed, and directives are attached to
//     declarations.
//  3. Starting from those declarations, the names that they use are followed to
//     theirs, through constants, types and imports. Only packages a schema really
//     uses are listed (one more call a level) and parsed.
//  4. go/types checks the declarations found, and nothing else.
//  5. Types become schema types, with the offsets that the gc compiler gives them.
//
// The steps 1 and 3 are there for speed and for silence. Loading 50 packages
// that import net/http with types from packages.Load takes 1.1 s with an overlay
// that blanks generated files, for it makes the loader type-check the whole
// standard library from source; 0.36 s with export data, which makes the go
// command compile packages that cannot compile yet; and 0.06 s this way.
package gosrc
