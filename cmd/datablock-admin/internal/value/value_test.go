package value_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/pylabhub/datahub/cmd/datablock-admin/internal/station"
	"github.com/pylabhub/datahub/cmd/datablock-admin/internal/value"
	"github.com/pylabhub/datahub/runtime/fixed"
)

func readingType(t testing.TB) *value.Type {
	t.Helper()
	typ, err := value.Parse(station.ReadingSchema.Descriptor)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func reading() *station.Reading {
	r := &station.Reading{
		Number: math.MaxUint64, Taken: 1_763_878_500_000_000_001, Took: 1500 * time.Microsecond,
		Temperature: 21.5, Raw: -5, State: station.StateRunning, Ok: fixed.True,
		Alarms: station.AlarmHeat | station.AlarmDoor | 0x40,
		Gusts:  [2]station.Wind{{Direction: 10, Speed: 0.1}, {Direction: 20, Speed: float32(math.Inf(1))}},
	}
	for i := range r.Samples {
		r.Samples[i] = int32(-i)
	}
	r.SetStationTruncated("roof \"1\"")
	if err := r.SetNote([]byte{0, 1, 2, 0xff}); err != nil {
		panic(err)
	}
	return r
}

// encode returns the bytes of a value as they stand in a slot: all padding of a
// Reading is written down.
func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := binary.Append(nil, binary.LittleEndian, v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryKindOfFieldHasAText(t *testing.T) {
	typ, b := readingType(t), encode(t, reading())
	if err := typ.Check(b); err != nil {
		t.Fatal(err)
	}
	got := string(value.AppendText(nil, typ.Top(), b, false))
	want := `  Number: 18446744073709551615
  Taken: 2025-11-23T06:15:00.000000001Z
  Took: 1.5ms
  Temperature: 21.5 degC
  Raw: -0.05 V
  State: Running
  Ok: true
  Humidity: absent
  Alarms: Heat|Door|0x40
  Wind: absent
  Gusts[0].Direction: 10 deg
  Gusts[0].Speed: 0.1 m/s
  Gusts[1].Direction: 20 deg
  Gusts[1].Speed: +Inf m/s
  Samples: [0, -1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12, -13, -14, -15, 4 more]
  Station: "roof \"1\""
  Length: 4
  Note: 4 bytes 000102ff
`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestEveryKindOfFieldIsJSON(t *testing.T) {
	r := reading()
	r.SetWind(&station.Wind{Direction: 90, Speed: float32(math.NaN())})
	r.State = 7
	typ, b := readingType(t), encode(t, r)
	got := value.AppendJSON(nil, typ.Top(), b)
	if !json.Valid(got) {
		t.Fatalf("not JSON: %s", got)
	}
	want := `{"Number":18446744073709551615,"Taken":1763878500000000001,"Took":1500000,"Temperature":21.5,"Raw":-5,` +
		`"State":7,"Ok":true,"Humidity":null,"Alarms":["Heat","Door","0x40"],"Wind":{"Direction":90,"Speed":"NaN"},` +
		`"Gusts":[{"Direction":10,"Speed":0.1},{"Direction":20,"Speed":"Infinity"}],` +
		`"Samples":[0,-1,-2,-3,-4,-5,-6,-7,-8,-9,-10,-11,-12,-13,-14,-15,-16,-17,-18,-19],` +
		`"Station":"roof \"1\"","Length":4,"Note":"AAEC/w=="}`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestCellsHaveNoQuotesAndAbsentOnesAreEmpty(t *testing.T) {
	typ, b := readingType(t), encode(t, reading())
	for path, want := range map[string]string{
		"number": "18446744073709551615", "station": `roof "1"`, "state": "Running", "humidity": "", "wind.speed": "",
		"gusts[1].speed": "Infinity", "samples[3]": "-3", "alarms": `["Heat","Door","0x40"]`, "note": "AAEC/w==",
		"gusts": `[{"Direction":10,"Speed":0.1},{"Direction":20,"Speed":"Infinity"}]`,
	} {
		c, err := typ.Column(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if got := c.Cell(b); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	var paths []string
	for _, c := range typ.Leaves() {
		paths = append(paths, c.Path)
	}
	want := "Number Taken Took Temperature Raw State Ok Humidity Alarms Wind.Direction Wind.Speed Gusts Samples Station Length Note"
	if got := strings.Join(paths, " "); got != want {
		t.Errorf("columns are %s, want %s", got, want)
	}
}

func TestAPathThatLeadsNowhereSaysWhere(t *testing.T) {
	typ := readingType(t)
	for path, want := range map[string]string{
		"temprature":    `field "temprature": there is no "temprature"; did you mean "Temperature"?`,
		"gusts.speed":   `field "gusts.speed": Gusts is an array: say which element, Gusts[0]`,
		"gusts[2]":      `field "gusts[2]": index 2, but Gusts has the elements 0 to 1`,
		"number[0]":     `field "number[0]": Number is no array that deep`,
		"number.x":      `field "number.x": Number is no record`,
		"gusts[x]":      `field "gusts[x]": "x" is no index`,
		"gusts[1":       `field "gusts[1": "gusts[1" lacks a ]`,
		"":              `field "": "" has no name`,
		"wind.altitude": `field "wind.altitude": there is no "altitude"; there is Direction, Speed`,
	} {
		_, err := typ.Column(path)
		var bad *value.PathError
		if !errors.As(err, &bad) || err.Error() != want {
			t.Errorf("%q: got %v, want %s", path, err, want)
		}
	}
}

func TestHostileBytesAreShownWithinTheirRoom(t *testing.T) {
	typ := readingType(t)
	b := encode(t, reading())
	for i := range b {
		b[i] = 0xff
	}
	text := string(value.AppendText(nil, typ.Top(), b, true))
	for _, want := range []string{"(its length says 4294967295)", "(not UTF-8 padded with NUL)", "State: Broken", "Ok: true", "Raw: -0.01 V"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if got := value.AppendJSON(nil, typ.Top(), b); !json.Valid(got) {
		t.Errorf("not JSON: %s", got)
	}
	if err := typ.Check(b[:len(b)-1]); !errors.Is(err, value.ErrShort) {
		t.Errorf("a value that is too short: %v, want %v", err, value.ErrShort)
	}
}

func TestWhereComparesExactly(t *testing.T) {
	typ, b := readingType(t), encode(t, reading())
	for expression, want := range map[string]bool{
		"number = 18446744073709551615":         true,
		"number < 18446744073709551615":         false,
		"number > 0x10 and temperature >= 21.5": true,
		"number > 0x10 and temperature > 21.5":  false,
		"raw = -5":                              true,
		"raw >= -4":                             false,
		"took = 1500us":                         true,
		"took > 1ms":                            true,
		"took=1500000":                          true,
		"taken >= 2025-11-23T06:15:00Z":         true,
		"taken = 2025-11-23T06:15:00Z":          false,
		"state = running":                       true,
		"state != 'Running'":                    false,
		"state = 1":                             true,
		"ok = true":                             true,
		"ok != true":                            false,
		"alarms has heat":                       true,
		"alarms has heat|door":                  true,
		"alarms has smoke":                      false,
		"alarms = 0x45":                         true,
		`station = 'roof "1"'`:                  true,
		`station != roof`:                       true,
		"station < s":                           true,
		"humidity = null":                       true,
		"humidity != null":                      false,
		"humidity < 5":                          false,
		"humidity != 5":                         false,
		"wind.speed = null":                     true,
		"wind = null":                           true,
		"number != null":                        true,
		"gusts[0].speed = 0.1":                  true,
		"gusts[1].speed = inf":                  true,
		"gusts[1].speed = nan":                  false,
		"gusts[1].speed != nan":                 true,
		"samples[19] <= -19":                    true,
		"samples[19]<-19":                       false,
		"state==running and ok = true and samples[2] != -3 ": true,
	} {
		f, err := typ.Where(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if got := f.Match(b); got != want {
			t.Errorf("%s is %v, want %v", expression, got, want)
		}
	}
	var all *value.Filter
	if !all.Match(b) {
		t.Error("no filter refuses a value")
	}
}

func TestWhereSaysWhatIsWrong(t *testing.T) {
	typ := readingType(t)
	for expression, want := range map[string]string{
		"":                        "expected a comparison: field, operator, literal\n  \n  ^",
		"number >":                "expected a comparison: field, operator, literal\n  number >\n          ^",
		"number > 1 or ok = true": "expected \"and\" or the end, found \"or\"\n  number > 1 or ok = true\n             ^",
		"number ~ 1":              "expected an operator (= != < <= > >= has), found \"~\"\n  number ~ 1\n         ^",
		"number > 1.5":            "Number: \"1.5\" is not an integer\n  number > 1.5\n           ^",
		"number > -1":             "Number: -1 does not fit u64\n  number > -1\n           ^",
		"state = runing":          "State: \"runing\" is none of its names; did you mean \"Running\"?\n  state = runing\n          ^",
		"state has running":       "has is for bit sets, State is none\n  state has running\n        ^",
		"ok > true":               "Ok: true and false can only be compared by = and !=\n  ok > true\n       ^",
		"took > 1ps":              "Took: \"1ps\" is not an integer; a span is a number of ns or like 1.5s\n  took > 1ps\n         ^",
		"note = x":                "Note: a blob cannot be compared\n  note = x\n         ^",
		"gusts = 1":               "Gusts is an array: name an element, Gusts[0]\n  gusts = 1\n  ^",
		"wind = 1":                "Wind is a record: name one of its fields\n  wind = 1\n  ^",
		"humidity < null":         "null can only be compared by = and !=\n  humidity < null\n           ^",
		"temp = 'x":               "text without an end: ' is missing\n  temp = 'x\n         ^",
		"temperatur = 1":          "field \"temperatur\": there is no \"temperatur\"; did you mean \"Temperature\"?\n  temperatur = 1\n  ^",
		"number > 1 and":          "expected a comparison: field, operator, literal\n  number > 1 and\n                ^",
		"= = =":                   "expected the name of a field, found \"=\"\n  = = =\n  ^",
	} {
		_, err := typ.Where(expression)
		if err == nil || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", expression, err, want)
		}
	}
}

// FuzzWhere finds expressions that make the parser or a comparison fail.
func FuzzWhere(f *testing.F) {
	for _, s := range []string{"number = 1", "took > 1ms and ok = true", "gusts[1].speed < nan", "alarms has heat|door", "wind = null", "'"} {
		f.Add(s)
	}
	typ, b := readingType(f), encode(f, reading())
	f.Fuzz(func(t *testing.T, expression string) {
		if w, err := typ.Where(expression); err == nil {
			w.Match(b)
		}
	})
}

// FuzzShow finds bytes that cannot be shown, or whose JSON is none.
func FuzzShow(f *testing.F) {
	typ := readingType(f)
	f.Add(encode(f, reading()))
	f.Add(bytes.Repeat([]byte{0xff}, int(typ.Size)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if typ.Check(b) != nil {
			return
		}
		value.AppendText(nil, typ.Top(), b, true)
		if got := value.AppendJSON(nil, typ.Leaves(), b); !json.Valid(got) {
			t.Errorf("not JSON: %s", got)
		}
		for _, c := range typ.Leaves() {
			if cell := c.Cell(b); !utf8.ValidString(cell) {
				t.Errorf("%s is %q", c.Path, cell)
			}
		}
	})
}
