package schema_test

import (
	"math"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/schema"
	"pgregory.net/rapid"
)

func TestTypesAreWrittenAsInText(t *testing.T) {
	vec := &schema.Record{Name: "Vec"}
	state := &schema.Enum{Name: "State", Base: schema.U8}
	for _, c := range []struct {
		typ  schema.Type
		want string
	}{
		{schema.Type{Code: schema.U8}, "u8"},
		{schema.Type{Code: schema.U8, Dims: []uint32{16}}, "u8[16]"},
		{schema.Type{Code: schema.F32, Dims: []uint32{2, 3}}, "f32[2][3]"},
		{schema.Type{Code: schema.Bool}, "bool"},
		{schema.Type{Code: schema.String, Len: 16}, "string[16]"},
		{schema.Type{Code: schema.String, Len: 16, Dims: []uint32{4}}, "string[16][4]"},
		{schema.Type{Code: schema.Bytes, Len: 9}, "bytes[9]"},
		{schema.Type{Code: schema.RecordType, Record: vec, Dims: []uint32{2}}, "Vec[2]"},
		{schema.Type{Code: schema.RecordType}, "record"},
		{schema.Type{Code: schema.U8, Enum: state}, "State"},
		{schema.Type{Code: schema.Padding, Len: 4}, "pad 4"},
		{schema.Type{Code: schema.Reserved, Len: 8}, "reserved 8"},
		{schema.Type{Code: 0}, "type(0)"},
		{schema.Type{Code: 99}, "type(99)"},
	} {
		if got := c.typ.String(); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.typ, got, c.want)
		}
	}
	decl := schema.TypeDecl{Code: schema.String, Len: 1 << 40, Dims: []uint64{1 << 50}}
	if got, want := decl.String(), "string[1099511627776][1125899906842624]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (&schema.TypeDecl{Code: schema.U8, Dims: make([]uint64, 9)}).String(); got != "u8"+strings.Repeat("[0]", 9) {
		t.Errorf("nine dimensions: got %q", got)
	}
}

func TestChangesReadLikeSentences(t *testing.T) {
	for _, c := range []struct {
		change schema.Change
		want   string
	}{
		{schema.Change{Path: "temperature", Old: "offset 8 f64", New: "offset 8 f32"}, "temperature: offset 8 f64 -> offset 8 f32"},
		{schema.Change{Path: "humidity", New: "offset 16 f32"}, "humidity: added at offset 16 f32"},
		{schema.Change{Path: "x", Old: "offset 8 u32"}, "x: removed (was offset 8 u32)"},
		{schema.Change{Old: "size 40", New: "size 48"}, "size 40 -> size 48"},
	} {
		if got := c.change.String(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	if got := schema.LevelLayout.String() + " " + schema.LevelMeaning.String(); got != "layout meaning" {
		t.Errorf("got %q", got)
	}
}

func TestNearestFindsWhatWasMeant(t *testing.T) {
	fields := []string{"temperature", "humidity", "time_ns", "State", "x", "xy"}
	for _, c := range []struct{ name, want string }{
		{"temprature", "temperature"},
		{"tempertaure", "temperature"},
		{"TimeNs", "time_ns"},
		{"timens", "time_ns"},
		{"state", "State"},
		{"stat", "State"},
		{"humidty", "humidity"},
		{"pressure", ""},
		{"x", ""},           // one edit of one letter is another word
		{"temperature", ""}, // itself is no suggestion
		{"q", ""},
		{"", ""},
		{strings.Repeat("x", 300), ""},
	} {
		if got := schema.Nearest(c.name, fields); got != c.want {
			t.Errorf("%q: got %q, want %q", c.name, got, c.want)
		}
	}
	if got := schema.Nearest("abd", []string{"abc", "abe"}); got != "abc" {
		t.Errorf("of two equally near: got %q, want the first", got)
	}
}

func TestValuesAreReadInEverySpelling(t *testing.T) {
	for _, c := range []struct {
		code       schema.TypeCode
		text, want string
		bits       uint64
	}{
		{schema.U8, "255", "255", 255},
		{schema.U8, "0xff", "255", 255},
		{schema.U8, "+7", "7", 7},
		{schema.U64, "18_446_744_073_709_551_615", "18446744073709551615", math.MaxUint64},
		{schema.U64, "0x_ffff_ffff_ffff_ffff", "18446744073709551615", math.MaxUint64},
		{schema.I8, "-128", "-128", 0x80},
		{schema.I8, "-0x80", "-128", 0x80},
		{schema.I64, "-9223372036854775808", "-9223372036854775808", 1 << 63},
		{schema.U32, "0b101", "5", 5},
		{schema.U32, "0o17", "15", 15},
		{schema.U32, "-0", "0", 0},
		{schema.F32, "0.1", "0.1", uint64(math.Float32bits(0.1))},
		{schema.F64, "0.10", "0.1", math.Float64bits(0.1)},
		{schema.F64, "1e3", "1000", math.Float64bits(1000)},
		{schema.F64, "-0.0", "0", 0},
		{schema.F64, "16", "16", math.Float64bits(16)},
		{schema.F64, "0x10", "16", math.Float64bits(16)},
		{schema.F64, "-0x10", "-16", math.Float64bits(-16)},
		{schema.Bool, "true", "true", 1},
		{schema.Bool, "false", "false", 0},
		{schema.String, "true", "true", 0},
		{schema.String, "", "", 0},
	} {
		v, err := schema.ParseValue(c.code, c.text)
		if err != nil || v.Text != c.want || v.Code != c.code || v.Bits() != c.bits {
			t.Errorf("%s %q: got %q (%#x), %v, want %q (%#x)", c.code, c.text, v.Text, v.Bits(), err, c.want, c.bits)
		}
	}
}

func TestValuesThatDoNotFitSayWhy(t *testing.T) {
	for _, c := range []struct {
		code       schema.TypeCode
		text, want string
	}{
		{schema.U8, "256", "256 does not fit u8"},
		{schema.U8, "-1", "-1 does not fit u8"},
		{schema.I8, "128", "128 does not fit i8"},
		{schema.U8, "010", `"010" is not an integer`},
		{schema.U8, "1.5", `"1.5" is not an integer`},
		{schema.U8, "--1", `"--1" is not an integer`},
		{schema.U8, "", `"" is not an integer`},
		{schema.F32, "1e39", "1e39 does not fit f32"},
		{schema.F64, "NaN", "NaN is not a finite number"},
		{schema.F64, "-inf", "-inf is not a finite number"},
		{schema.F64, "x", `"x" is not a number`},
		{schema.Bool, "1", `"1" is neither true nor false`},
		{schema.String, "a\x00", "the text has a NUL byte inside"},
		{schema.String, "\xff", "the text is not UTF-8"},
		{schema.String, strings.Repeat("a", schema.MaxText+1), "the text has 4097 bytes, 4096 are allowed"},
		{schema.RecordType, "1", "type record has no literals"},
		{schema.U8, strings.Repeat("z", 50), `"` + strings.Repeat("z", 40) + `..." is not an integer`},
	} {
		if _, err := schema.ParseValue(c.code, c.text); err == nil || err.Error() != c.want {
			t.Errorf("%s %.20q: got %v, want %q", c.code, c.text, err, c.want)
		}
	}
}

func TestCanonicalValuesReadBackToThemselves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, c := range []struct {
			code schema.TypeCode
			text string
		}{
			{schema.F64, schema.FormatFloat(schema.F64, rapid.Float64().Draw(t, "f64"))},
			{schema.F32, schema.FormatFloat(schema.F32, float64(rapid.Float32().Draw(t, "f32")))},
			{schema.I32, schema.FormatInt(schema.I32, uint64(rapid.Int32().Draw(t, "i32")))},
			{schema.U64, schema.FormatInt(schema.U64, rapid.Uint64().Draw(t, "u64"))},
		} {
			v, err := schema.ParseValue(c.code, c.text)
			if c.text == "-0" {
				c.text = "0"
			}
			if err != nil || v.Text != c.text {
				t.Fatalf("%s: got %q, %v, want %q", c.code, v.Text, err, c.text)
			}
		}
	})
}

func TestIntegersAreCutAndExtended(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SampledFrom([]schema.TypeCode{schema.U8, schema.U16, schema.U32, schema.U64, schema.I8, schema.I16, schema.I32, schema.I64}).Draw(t, "code")
		n := rapid.Uint64().Draw(t, "n")
		m := schema.ExtendInt(code, schema.CutInt(code, n))
		if !schema.FitsInt(code, m) {
			t.Fatalf("%s: %#x extended to %#x does not fit", code, n, m)
		}
		if schema.FitsInt(code, n) && m != n {
			t.Fatalf("%s: %#x fits, but became %#x", code, n, m)
		}
		if _, err := schema.ParseValue(code, schema.FormatInt(code, m)); err != nil {
			t.Fatalf("%s: %v", code, err)
		}
	})
}

func TestNamesThatFoldAlikeAreTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[aAbB_1.]{0,6}`)
		a, b := name.Draw(t, "a"), name.Draw(t, "b")
		if got, want := schema.SameName(a, b), schema.Fold(a) == schema.Fold(b); got != want {
			t.Fatalf("%q and %q: got %v, want %v", a, b, got, want)
		}
	})
	if got, want := schema.FoldID("Lab.Wea_ther.TimeNS"), "lab.weather.timens"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestIdentifiersAndIds(t *testing.T) {
	long := strings.Repeat("a", schema.MaxName)
	for name, want := range map[string]bool{
		"a": true, "Ab_9": true, long: true, long + "a": false,
		"": false, "_a": false, "9a": false, "a-b": false, "é": false, "a.b": false,
	} {
		if got := schema.IsIdent(name); got != want {
			t.Errorf("identifier %q: got %v, want %v", name, got, want)
		}
	}
	for id, want := range map[string]bool{
		"a": true, "a.b.C": true, "": false, ".a": false, "a.": false, "a..b": false, "a.9": false,
		strings.Repeat("a.", 511) + "aa": true, strings.Repeat("a.", 512) + "a": false,
	} {
		if got := schema.IsID(id); got != want {
			t.Errorf("id %.20q: got %v, want %v", id, got, want)
		}
	}
	s := schema.Schema{ID: "lab.weather.Reading"}
	if s.Namespace() != "lab.weather" || s.Name() != "Reading" {
		t.Errorf("got %q and %q", s.Namespace(), s.Name())
	}
	if ns, name := schema.SplitID("Alone"); ns != "" || name != "Alone" {
		t.Errorf("got %q and %q", ns, name)
	}
}

func TestVersionsAreThreeNumbers(t *testing.T) {
	for _, s := range []string{"0.0.0", "1.2.3", "65535.65535.65535"} {
		v, err := schema.ParseVersion(s)
		if err != nil || v.String() != s {
			t.Errorf("%q: got %v, %v", s, v, err)
		}
	}
	for s, want := range map[string]string{
		"1.2":       `version "1.2" is not of the form major.minor.patch`,
		"1.2.3.4":   `version "1.2.3.4" is not of the form major.minor.patch`,
		"1.2.x":     `version "1.2.x": "x" is not a number from 0 to 65535`,
		"1.2.03":    `version "1.2.03": "03" is not a number from 0 to 65535`,
		"1.-2.3":    `version "1.-2.3": "-2" is not a number from 0 to 65535`,
		"65536.0.0": `version "65536.0.0": "65536" is not a number from 0 to 65535`,
	} {
		if v, err := schema.ParseVersion(s); err == nil || err.Error() != want || v != (schema.Version{}) {
			t.Errorf("%q: got %v, %v, want %q", s, v, err, want)
		}
	}
}

func TestWordsReadBackToTheirValues(t *testing.T) {
	roundTrip(t, schema.PolicyWords(), schema.ParsePolicy, schema.Policy.String)
	roundTrip(t, schema.SyncWords(), schema.ParseSync, schema.Sync.String)
	roundTrip(t, schema.FlexModeWords(), schema.ParseFlexMode, schema.FlexMode.String)
	roundTrip(t, schema.ChecksumWords(), schema.ParseChecksum, schema.Checksum.String)
	roundTrip(t, schema.ChecksumTypeWords(), schema.ParseChecksumType, schema.ChecksumType.String)
	roundTrip(t, schema.TimeUnitWords(), schema.TimeUnitNumber, schema.TimeUnitName)
	for c := schema.U8; c <= schema.Bool; c++ {
		if got, ok := schema.ScalarCode(c.String()); got != c || !ok {
			t.Errorf("%s: got %v, %v", c, got, ok)
		}
	}
	if _, ok := schema.ScalarCode("string"); ok {
		t.Error("string is no scalar")
	}
	if got := schema.Ring.String() + " " + schema.SyncReaders.String() + " " + schema.Policy(9).String(); got != "ring sync_readers 9" {
		t.Errorf("got %q", got)
	}
	if got := schema.TimeUnitName(200); got != "" {
		t.Errorf("got %q", got)
	}
	if got := schema.Timestamp.String() + " " + schema.BigEndian.String(); got != "timestamp big-endian" {
		t.Errorf("got %q", got)
	}
}

func roundTrip[T comparable](t *testing.T, words []string, parse func(string) (T, bool), print func(T) string) {
	t.Helper()
	for _, w := range words {
		v, ok := parse(w)
		if !ok || print(v) != w {
			t.Errorf("%q: got %v (%q), %v", w, v, print(v), ok)
		}
	}
	for _, w := range []string{"", "other"} {
		if v, ok := parse(w); ok {
			t.Errorf("%q: got %v, want none", w, v)
		}
	}
}

func TestTextsAreCheckedBeforeTheyAreShown(t *testing.T) {
	for _, c := range []struct{ text, attr, doc string }{
		{"plain", "", ""},
		{"µm/s²", "", ""},
		{"two\nlines\tand a tab", "has a control character", ""},
		{"bell\a", "has a control character", "has a control character"},
		{"\u009b", "has a control character", "has a control character"},
		{"\xff", "is not UTF-8", "is not UTF-8"},
		{strings.Repeat("a", 4097), "has 4097 bytes, at most 4096 are allowed", ""},
		{strings.Repeat("a", 65537), "has 65537 bytes, at most 4096 are allowed", "has 65537 bytes, at most 65536 are allowed"},
	} {
		if got := schema.CheckText(c.text); got != c.attr {
			t.Errorf("%.20q: got %q, want %q", c.text, got, c.attr)
		}
		if got := schema.CheckDoc(c.text); got != c.doc {
			t.Errorf("doc %.20q: got %q, want %q", c.text, got, c.doc)
		}
	}
}

func TestPositionsAreOrderedByFileLineAndColumn(t *testing.T) {
	a := schema.Pos{File: "a", Line: 2, Col: 9}
	for _, b := range []schema.Pos{{File: "b", Line: 1, Col: 1}, {File: "a", Line: 3, Col: 1}, {File: "a", Line: 2, Col: 10}} {
		if a.Compare(b) >= 0 || b.Compare(a) <= 0 {
			t.Errorf("%v must come before %v", a, b)
		}
	}
	if a.Compare(a) != 0 || !a.IsValid() || (schema.Pos{File: "a"}).IsValid() {
		t.Error("equal positions, or what is a position")
	}
}

func TestCountMultipliesTheDimensions(t *testing.T) {
	if got := (&schema.Type{Code: schema.U8, Dims: []uint32{2, 3, 4}}).Count(); got != 24 {
		t.Errorf("got %d, want 24", got)
	}
	if got := (&schema.Type{Code: schema.U8}).Count(); got != 1 {
		t.Errorf("a scalar: got %d, want 1", got)
	}
}
