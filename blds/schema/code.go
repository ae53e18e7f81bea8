package schema

// A Code names a kind of problem: BLDS and four digits. A code never changes
// its meaning and is never used again for another. The first two digits tell
// where it comes from:
//
//	00  files, configuration, command line
//	01  changes between versions
//	02  .blds text
//	03  names, types, layout, limits
//	04  annotated Go
//	05  channels
//	06  lint
//	07  generated output
type Code string
