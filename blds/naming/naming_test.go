package naming

import (
	"go/token"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/pylabhub/datahub/blds/schema"
)

func TestGoNamesAreBuiltWordByWord(t *testing.T) {
	for _, tt := range []struct{ blds, want string }{
		{"temperature", "Temperature"},
		{"time_ns", "TimeNS"},
		{"time__ns_", "TimeNS"},
		{"TimeNS", "TimeNS"},
		{"timeNs", "TimeNS"},
		{"id", "ID"},
		{"ids", "Ids"},
		{"user_id", "UserID"},
		{"userId", "UserID"},
		{"uid", "UID"},
		{"gps2", "GPS2"},
		{"gps2_fix", "GPS2Fix"},
		{"crc32", "CRC32"},
		{"crc32c", "Crc32c"},
		{"vec3", "Vec3"},
		{"m00", "M00"},
		{"m_0_0", "M00"},
		{"x", "X"},
		{"x_y", "XY"},
		{"HTTPServer", "HTTPServer"},
		{"http_server", "HTTPServer"},
		{"GpsFix", "GPSFix"},
		{"ReadingV2Raw", "ReadingV2Raw"},
		{"SHOUTED_NAME", "SHOUTEDNAME"},
		{"pad", "Pad"},
		{"rate_hz", "RateHz"},
	} {
		if got := GoName(tt.blds); got != tt.want {
			t.Errorf("GoName(%q) = %q, want %q", tt.blds, got, tt.want)
		}
	}
}

func TestBldsNamesAreSnakeCase(t *testing.T) {
	for _, tt := range []struct{ goName, want string }{
		{"Temperature", "temperature"},
		{"TimeNS", "time_ns"},
		{"NSPerTick", "ns_per_tick"},
		{"UserID", "user_id"},
		{"UserId", "user_id"},
		{"ID", "id"},
		{"HTTPServer", "http_server"},
		{"GPS2Fix", "gps2_fix"},
		{"Vec3", "vec3"},
		{"X", "x"},
		{"XY", "xy"},
		{"timeNS", "time_ns"},
		{"time_ns", "time_ns"},
		{"Time_NS", "time_ns"},
		{"A__B", "a_b"},
		{"A_", "a"},
		{"MaxU8", "max_u8"},
		{"Pos2D", "pos2_d"},
	} {
		if got := BldsName(tt.goName); got != tt.want {
			t.Errorf("BldsName(%q) = %q, want %q", tt.goName, got, tt.want)
		}
	}
}

func TestConstantsAreNamedAfterTheirType(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{EnumValue("State", "idle"), "StateIdle"},
		{EnumValue("gps_state", "no_fix"), "GPSStateNoFix"},
		{SchemaConst("Reading", "max_rate"), "ReadingMaxRate"},
		{FieldConst("Reading", "time_ns"), "FieldReadingTimeNS"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestTheTypeIsTrimmedOffItsConstants(t *testing.T) {
	for _, tt := range []struct{ typ, name, want string }{
		{"State", "StateIdle", "Idle"},
		{"State", "State_idle", "idle"},
		{"State", "State__Idle", "Idle"},
		{"State", "stateIdle", "Idle"},
		{"state", "StateIdle", "Idle"},
		{"State", "Idle", "Idle"},
		{"State", "State", "State"},
		{"State", "State_", "State_"},
		{"State", "State2", "State2"},
		{"State", "STATEIdle", "STATEIdle"},
		{"", "Idle", "Idle"},
	} {
		if got := TrimType(tt.typ, tt.name); got != tt.want {
			t.Errorf("TrimType(%q, %q) = %q, want %q", tt.typ, tt.name, got, tt.want)
		}
	}
}

func TestANamespaceHasAFolderAndAPackage(t *testing.T) {
	for _, tt := range []struct{ ns, dir, name string }{
		{"lab.weather", "generated/lab/weather", "weather"},
		{"Lab.RoofStation", "generated/lab/roofstation", "roofstation"},
		{"lab.type", "generated/lab/type", "type_"},
		{"main", "generated/main", "main_"},
		{"lab.fake_test", "generated/lab/fake_test", "fake_test_"},
		{"", "generated", "generated"},
	} {
		dir := GoPackageDir(tt.ns)
		if name := GoPackageName(dir); dir != tt.dir || name != tt.name {
			t.Errorf("%q: got %q, package %q; want %q, package %q", tt.ns, dir, name, tt.dir, tt.name)
		}
	}
	for dir, want := range map[string]string{"a/go-pkg": "gopkg", "a/2d": "d", "a/42": "blds_", "a/": "blds_"} {
		if got := GoPackageName(dir); got != want {
			t.Errorf("GoPackageName(%q) = %q, want %q", dir, got, want)
		}
	}
}

func TestNoTranslationChangesTheFoldedName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Za-z][A-Za-z0-9_]{0,20}`).Draw(t, "name")
		goName, bldsName := GoName(name), BldsName(name)
		for _, got := range []string{goName, bldsName} {
			if schema.Fold(got) != schema.Fold(name) || !schema.IsIdent(got) {
				t.Errorf("%q became %q", name, got)
			}
		}
		if !token.IsIdentifier(goName) || !token.IsExported(goName) {
			t.Errorf("GoName(%q) = %q is no exported Go name", name, goName)
		}
		if again := GoName(goName); again != goName {
			t.Errorf("GoName(%q) = %q, of which it makes %q", name, goName, again)
		}
		if again := BldsName(bldsName); again != bldsName {
			t.Errorf("BldsName(%q) = %q, of which it makes %q", name, bldsName, again)
		}
	})
}

func TestInitialismsAreSortedAndOneWordEach(t *testing.T) {
	words := Initialisms()
	if !slices.IsSorted(words) {
		t.Errorf("not sorted: %q", words)
	}
	for _, w := range words {
		if up := GoName(w); up != GoName("a_" + w)[1:] || schema.Fold(up) != w || BldsName(up) != w {
			t.Errorf("%q is %q in Go, which is %q in .blds", w, up, BldsName(up))
		}
	}
}
