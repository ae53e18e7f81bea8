package schema

// A Level says how deep a change goes.
type Level uint8

const (
	LevelMeaning Level = 1 // the same bytes mean something else
	LevelLayout  Level = 2 // bytes stand elsewhere, or are of another kind
)

// String returns "meaning" or "layout".
func (l Level) String() string {
	if l == LevelLayout {
		return "layout"
	}
	return "meaning"
}

// A Change is one difference between two schemas.
type Change struct {
	// Path names the field: its name as written, of a nested field with the
	// names around it, joined by dots. It is empty if the schema as a whole
	// changed, or bytes without a name.
	Path  string
	Level Level
	Old   string // what was there, "" if it was added: offset 8 f64
	New   string // what is there now, "" if it was removed
}

// String returns the change in one line:
//
//	temperature: offset 8 f64 -> offset 8 f32
//	humidity: added at offset 16 f32
//	x: removed (was offset 8 u32)
func (c Change) String() string {
	s := c.Path
	if s != "" {
		s += ": "
	}
	switch {
	case c.Old == "":
		return s + "added at " + c.New
	case c.New == "":
		return s + "removed (was " + c.Old + ")"
	}
	return s + c.Old + " -> " + c.New
}
