package segment

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestFault37NamesThatAreNoneAreRefused(t *testing.T) {
	for _, name := range []string{"a", "7", "roof", "Roof-2.north_east", "a..b", strings.Repeat("x", MaxNameLen)} {
		if err := CheckName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, c := range []struct{ what, name, reason string }{
		{"empty", "", `it is empty`},
		{"slash", "a/b", `it holds '/', allowed are ASCII letters, digits and . _ -`},
		{"backslash", `a\b`, `it holds '\\', allowed are ASCII letters, digits and . _ -`},
		{"parent folder", "..", `it begins with '.', not with an ASCII letter or digit`},
		{"this folder", ".", `it begins with '.', not with an ASCII letter or digit`},
		{"leading dot", ".new-1", `it begins with '.', not with an ASCII letter or digit`},
		{"leading dash", "-rf", `it begins with '-', not with an ASCII letter or digit`},
		{"trailing dot", "a.", `it ends with a dot`},
		{"NUL", "a\x00b", `it holds '\x00', allowed are ASCII letters, digits and . _ -`},
		{"space", "a b", `it holds ' ', allowed are ASCII letters, digits and . _ -`},
		{"newline", "a\n", `it holds '\n', allowed are ASCII letters, digits and . _ -`},
		{"escape", "a\x1b[2J", `it holds '\x1b', allowed are ASCII letters, digits and . _ -`},
		{"cyrillic look-alike", "rооf", `it holds 'о', allowed are ASCII letters, digits and . _ -`},
		{"full-width look-alike", "roo\uff0fx", `it holds '／', allowed are ASCII letters, digits and . _ -`},
		{"not UTF-8", "a\xff", `it holds '�', allowed are ASCII letters, digits and . _ -`},
		{"drive", "c:x", `it holds ':', allowed are ASCII letters, digits and . _ -`},
		{"201 bytes", strings.Repeat("x", MaxNameLen+1), "it has 201 bytes, at most 200 are allowed"},
		{"255 bytes", strings.Repeat("x", 255), "it has 255 bytes, at most 200 are allowed"},
	} {
		err := CheckName(c.name)
		var e *NameError
		if !errors.Is(err, ErrName) || !errors.As(err, &e) || e.Reason != c.reason {
			t.Errorf("%s: got %v, want %s", c.what, err, c.reason)
		}
		o := Options{Root: t.TempDir()}
		for op, fn := range map[string]func() error{
			"Create": func() error { _, err := Create(c.name, config(), o); return err },
			"Attach": func() error { _, err := Attach(c.name, config(), o); return err },
			"Remove": func() error { return Remove(c.name, true, o) },
		} {
			if err := fn(); !errors.Is(err, ErrName) {
				t.Errorf("%s of %s: %v", op, c.what, err)
			}
		}
		if got := leftovers(t, o.Root); len(got) != 0 {
			t.Errorf("%s left %q behind", c.what, got)
		}
	}
	err := CheckName("a/b")
	if want := `"a/b" cannot name a channel: it holds '/', allowed are ASCII letters, digits and . _ -`; fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
