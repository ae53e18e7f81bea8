package cli

import "testing"

func TestNamesOfOthersSteerNoTerminal(t *testing.T) {
	for name, want := range map[string][2]string{ // on a screen, in a label
		"tower":          {"tower", "tower"},
		"Türmer \"1\"":   {"Türmer \"1\"", "Türmer \"1\""},
		"ev\x1b[31mil\n": {`"ev\x1b[31mil\n"`, "ev\uFFFD[31mil\uFFFD"},
		"c1 \u009b2J":    {`"c1 \u009b2J"`, "c1 \uFFFD2J"},
		"bad \xff":       {`"bad \xff"`, "bad \uFFFD"},
	} {
		if got := [2]string{clean(name), visible(name)}; got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
