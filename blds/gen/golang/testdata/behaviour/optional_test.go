package optional

import (
	"strings"
	"testing"
)

// stale returns a slot as a runtime hands it out: bytes of an older value, and
// presence words that are clear.
func stale() *Optional {
	r := new(Optional)
	for i := range r.Names {
		copy(r.Names[i][:], "old")
	}
	copy(r.Name[:], "old")
	copy(r.Data[:], "old")
	r.DataLen = 3
	r.Number = 7
	return r
}

func TestAbsentFieldsShowNothingOld(t *testing.T) {
	r := stale()
	if r.GetName() != "" || r.NameBytes() != nil || r.GetNames(1) != "" || r.NamesBytes(2) != nil || r.GetData() != nil {
		t.Errorf("absent: %q %q %q", r.GetName(), r.GetNames(1), r.GetData())
	}
	for _, has := range []func() bool{r.HasNumber, r.HasFlag, r.HasFlags, r.HasColor, r.HasColors, r.HasPoint, r.HasPoints, r.HasName, r.HasNames, r.HasData, r.HasMatrix} {
		if has() {
			t.Error("a field is there that nobody set")
		}
	}
}

func TestSettingOneElementClearsTheOthersOnce(t *testing.T) {
	r := stale()
	if err := r.SetNames(1, "new"); err != nil {
		t.Fatal(err)
	}
	r.SetNamesTruncated(2, "a long name")
	got := []string{r.GetNames(0), r.GetNames(1), r.GetNames(2)}
	if want := "|new|a long n"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAFailedSetChangesNoPresence(t *testing.T) {
	r := stale()
	if err := r.SetName("much too long"); err == nil || r.HasName() {
		t.Errorf("SetName: %v, there: %v", err, r.HasName())
	}
	if err := r.SetNames(0, "nul\x00"); err == nil || r.HasNames() {
		t.Errorf("SetNames: %v, there: %v", err, r.HasNames())
	}
	if err := r.SetData(make([]byte, 17)); err == nil || r.HasData() || r.DataLen != 3 {
		t.Errorf("SetData: %v, there: %v, %d bytes", err, r.HasData(), r.DataLen)
	}
}

func TestValuesAreCopiedWhole(t *testing.T) {
	r := stale()
	points := [2][2]Point{{{X: 1}, {Y: 2}}, {{X: 3}, {Y: 4}}}
	r.SetPoints(&points)
	r.SetPoint(&points[1][1])
	r.SetColors(&[2]Color{ColorRed, ColorBlue})
	r.SetFlag(true)
	r.SetFlag(false)
	points[0][0].X = 9
	if r.Points[0][0].X != 1 || r.Points[1][1].Y != 4 || r.Point.Y != 4 || r.Colors[0] != ColorRed || !r.HasFlag() || r.Flag.Get() {
		t.Errorf("got %+v", r)
	}
}

func TestPresenceBitsDoNotMeet(t *testing.T) {
	r := new(Many)
	r.SetD1(1) // the last of the first word
	r.SetD2(2) // the first of the second
	if r.Presence != 1<<31 || r.Presence1 != 1 || !r.HasD1() || !r.HasD2() || r.HasD3() || r.HasA0() {
		t.Errorf("words %#x %#x", r.Presence, r.Presence1)
	}
	r.ClearD1()
	if r.HasD1() || !r.HasD2() || r.D1 != 1 {
		t.Errorf("words %#x %#x, D1 %d", r.Presence, r.Presence1, r.D1)
	}
	var e Explicit
	e.SetB(1)
	if e.Bits != 2 || e.Presence != 0 {
		t.Errorf("explicit word %#x, field %#x", e.Bits, e.Presence)
	}
}

func TestAccessorsDoNotAllocate(t *testing.T) {
	r := stale()
	data := []byte("abc")
	if n := testing.AllocsPerRun(100, func() {
		_ = r.SetName("abc")
		_ = r.SetData(data)
		r.SetNumber(1)
		_, _, _ = r.NameBytes(), r.GetData(), r.HasNumber()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
