package fixed

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestABoolOfAnyByteIsTrueOrFalse(t *testing.T) {
	for b := range 256 {
		if got, want := Bool(b).Get(), b != 0; got != want {
			t.Errorf("Bool(%d).Get() = %v, want %v", b, got, want)
		}
	}
	var b Bool
	b.Set(true)
	if b != True || b.String() != "true" {
		t.Errorf("Set(true) stored %d, which prints %q", uint8(b), b)
	}
	b.Set(false)
	if b != False || b.String() != "false" {
		t.Errorf("Set(false) stored %d, which prints %q", uint8(b), b)
	}
}

func TestTextEndsAtTheFirstNUL(t *testing.T) {
	for _, c := range []struct{ field, want string }{
		{"", ""}, {"\x00\x00", ""}, {"ab\x00\x00", "ab"}, {"abcd", "abcd"}, {"a\x00b\x00", "a"}, {"\xffa\x00", "\xffa"},
	} {
		if got := string(Text([]byte(c.field))); got != c.want {
			t.Errorf("Text(%q) = %q, want %q", c.field, got, c.want)
		}
	}
}

func TestValidTextIsUTF8FollowedByNULs(t *testing.T) {
	for _, c := range []struct {
		field string
		want  bool
	}{
		{"", true}, {"\x00\x00", true}, {"ab\x00\x00", true}, {"grün", true}, {"a\x00b", false},
		{"\xff", false}, {"gr\xc3", false}, {"gr\xc3\x00", false}, {"\xed\xa0\x80", false}, {"\xc0\x80", false},
	} {
		if got := ValidText([]byte(c.field)); got != c.want {
			t.Errorf("ValidText(%q) = %v, want %v", c.field, got, c.want)
		}
	}
}

func TestSetTextStoresAllOrNothing(t *testing.T) {
	for _, c := range []struct{ s, want, err string }{
		{"", "\x00\x00\x00\x00", ""},
		{"ab", "ab\x00\x00", ""},
		{"abcd", "abcd", ""},
		{"abcde", "....", "5 bytes do not fit in a field of 4"},
		{"a\x00b", "....", "byte 1 of the string is NUL"},
		{"ab\xff", "....", "byte 2 of the string is not UTF-8"},
		{"€", "€\x00", ""},
	} {
		field := []byte("....")
		err := SetText(field, c.s)
		if got := string(field); got != c.want {
			t.Errorf("SetText(%q) stored %q, want %q", c.s, got, c.want)
		}
		if got := errText(err); got != c.err {
			t.Errorf("SetText(%q): %q, want %q", c.s, got, c.err)
		}
	}
	var size *SizeError
	if err := SetText(make([]byte, 4), "abcde"); !errors.As(err, &size) || *size != (SizeError{Len: 5, Cap: 4}) {
		t.Errorf("SetText of 5 bytes in 4: %#v", err)
	}
	var text *TextError
	if err := SetText(make([]byte, 4), "a\x00"); !errors.As(err, &text) || *text != (TextError{At: 1, NUL: true}) {
		t.Errorf("SetText with a NUL: %#v", err)
	}
}

func TestSetTextTruncatedCutsBetweenRunes(t *testing.T) {
	for _, c := range []struct{ s, want string }{
		{"", "\x00\x00\x00\x00"},
		{"abcde", "abcd"},
		{"abcü", "abc\x00"}, // ü would be bytes 3 and 4
		{"ab€", "ab\x00\x00"},
		{"a€x", "a€"},
		{"🙂x", "🙂"},
		{"a\x00bc", "a\x00\x00\x00"},
		{"a\xffbc", "a\x00\x00\x00"},
	} {
		field := []byte("....")
		if SetTextTruncated(field, c.s); string(field) != c.want {
			t.Errorf("SetTextTruncated(%q) stored %q, want %q", c.s, field, c.want)
		}
	}
}

func TestOurUTF8IsTheStandardLibrarys(t *testing.T) {
	check := func(s string) {
		want := len(s)
		for i, r := range s {
			if _, n := utf8.DecodeRuneInString(s[i:]); r == 0 || r == utf8.RuneError && n == 1 {
				want = i
				break
			}
		}
		if got := validLen(s); got != want {
			t.Fatalf("validLen(%q) = %d, want %d", s, got, want)
		}
		field := make([]byte, 5)
		SetTextTruncated(field, s)
		if !ValidText(field) || !strings.HasPrefix(s, string(Text(field))) {
			t.Fatalf("SetTextTruncated(%q) stored %q", s, field)
		}
	}
	edges := []byte{0, 1, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xEC, 0xED, 0xEF, 0xF0, 0xF3, 0xF4, 0xF5, 0xFF}
	for _, a := range edges {
		for _, b := range edges {
			for _, c := range edges {
				for _, d := range edges {
					check(string([]byte{a, b, c, d}))
				}
			}
		}
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	for range 20000 {
		runes := make([]rune, rnd.IntN(6))
		for i := range runes {
			runes[i] = rune(rnd.IntN(utf8.MaxRune + 1))
		}
		check(string(runes))
	}
}

func TestABlobIsNeverLongerThanItsField(t *testing.T) {
	field := []byte("abcd")
	for _, c := range []struct {
		n    uint32
		want string
	}{{0, ""}, {3, "abc"}, {4, "abcd"}, {5, "abcd"}, {1<<32 - 1, "abcd"}} {
		got := Blob(field, c.n)
		if string(got) != c.want {
			t.Errorf("Blob(%q, %d) = %q, want %q", field, c.n, got, c.want)
		}
		if cap(got) > len(c.want) {
			t.Errorf("an append to Blob(%q, %d) writes behind the valid bytes", field, c.n)
		}
	}
}

func TestSetBlobStoresBytesAndLength(t *testing.T) {
	field, n := []byte("...."), uint32(9)
	if err := SetBlob(field, &n, []byte("ab")); err != nil || n != 2 || string(field) != "ab.." {
		t.Errorf("SetBlob(ab): %q, length %d, %v", field, n, err)
	}
	err := SetBlob(field, &n, []byte("vwxyz"))
	if errText(err) != "5 bytes do not fit in a field of 4" || n != 2 || string(field) != "ab.." {
		t.Errorf("SetBlob of 5 bytes in 4: %q, length %d, %v", field, n, err)
	}
}

func TestAnUnknownValuePrintsItsNumber(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Unknown("State", uint8(7)), "State(7)"},
		{Unknown("State", int8(-128)), "State(-128)"},
		{Unknown("Big", uint64(1<<64-1)), "Big(18446744073709551615)"},
		{Unknown("Low", int64(-1<<63)), "Low(-9223372036854775808)"},
		{Unknown("Zero", int16(0)), "Zero(0)"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestBitsPrintAsNamesAndARest(t *testing.T) {
	table := []Bit{{"r", 1}, {"w", 2}, {"rw", 3}, {"all", 0xF0}, {"none", 0}}
	for _, c := range []struct {
		v    uint64
		want string
	}{
		{0, "none"}, {1, "r"}, {3, "r|w"}, {4, "0x4"}, {5, "r|0x4"}, {0xF0, "all"}, {0x70, "0x70"}, {0xF1, "r|all"},
		{1 << 63, "0x8000000000000000"},
	} {
		if got := FormatBits(c.v, table); got != c.want {
			t.Errorf("FormatBits(%#x) = %q, want %q", c.v, got, c.want)
		}
	}
	if got := FormatBits(3, []Bit{{"rw", 3}, {"r", 1}, {"w", 2}}); got != "rw" {
		t.Errorf("a mask named first: %q, want rw", got)
	}
	if got := FormatBits(0, nil); got != "0" {
		t.Errorf("no bits, no table: %q, want 0", got)
	}
}

func TestAccessorsDoNotAllocate(t *testing.T) {
	field, n := make([]byte, 16), uint32(0)
	v := []byte("abc")
	if got := testing.AllocsPerRun(100, func() {
		_ = SetText(field, "station")
		SetTextTruncated(field, "a station with a long name")
		_ = Text(field)
		_ = ValidText(field)
		_ = SetBlob(field, &n, v)
		_ = Blob(field, n)
	}); got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
