package segment

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/schema"
	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

func TestAMismatchNamesFieldsVersionsAndWriterAndIsCounted(t *testing.T) {
	checkFiles(t)
	o := Options{Root: t.TempDir()}
	p := mustCreate(t, "roof", withFlex(), o)
	self := NewProcess(&p.Header().Creator)
	for i, c := range []struct {
		what   string
		change func(*Config)
		class  error
		want   string
	}{
		{"another type", func(c *Config) { c.Schema = readingF32 }, ErrSchema, fmt.Sprintf(
			`attach to channel "roof": roof: its slots are lab.weather.Reading 1.2.0 (schema %x), this program was compiled for lab.weather.Reading 1.2.0 (schema %x); made by %s
	size 24 -> size 16
	temperature: offset 8 f64 -> offset 8 f32
	humidity: offset 16 f32 -> offset 12 f32`, reading.SchemaHash[:6], readingF32.SchemaHash[:6], self)},
		{"another unit", func(c *Config) { c.Schema = readingInK }, ErrSchema, fmt.Sprintf(
			`attach to channel "roof": roof: its slots are lab.weather.Reading 1.2.0 (schema %x), this program was compiled for lab.weather.Reading 1.2.0 (schema %x); made by %s
	temperature: unit degC -> unit K`, reading.SchemaHash[:6], readingInK.SchemaHash[:6], self)},
		{"another zone", func(c *Config) { c.Flex = calibChanged }, ErrFlexSchema, fmt.Sprintf(
			`attach to channel "roof": roof: its flexible zone is lab.weather.Calib 1.2.0 (schema %x), this program was compiled for lab.weather.Calib 1.2.0 (schema %x); made by %s
	size 16 -> size 24
	scale: name scale -> name gain
	more: added at offset 16 f64`, calib.SchemaHash[:6], calibChanged.SchemaHash[:6], self)},
	} {
		conf := withFlex()
		c.change(&conf)
		_, err := Attach("roof", conf, o)
		var e *SchemaMismatchError
		if !errors.As(err, &e) || !errors.Is(err, c.class) {
			t.Fatalf("%s: got %v", c.what, err)
		}
		if e.Channel != "roof" || e.Writer.PID != self.PID || e.Want.Version != (schema.Version{Major: 1, Minor: 2}) || len(e.Diff) == 0 {
			t.Errorf("%s: %+v", c.what, e)
		}
		if err.Error() != c.want {
			t.Errorf("%s: got\n%v\nwant\n%s", c.what, err, c.want)
		}
		if n := p.SchemaMismatches(); n != uint64(i+1) {
			t.Errorf("%s: %d mismatches were counted, want %d", c.what, n, i+1)
		}
	}
	mustAttach(t, "roof", Config{Schema: reading}, o) // a program that does not use the zone
	if n := p.SchemaMismatches(); n != 3 {
		t.Errorf("%d mismatches were counted, want 3", n)
	}
}

func TestABlockWithoutTheZoneIsRefused(t *testing.T) {
	o := Options{Root: t.TempDir()}
	mustCreate(t, "roof", config(), o)
	_, err := Attach("roof", Config{Schema: reading, Flex: calib}, o)
	if !errors.Is(err, ErrFlexSchema) || !strings.Contains(err.Error(), "its flexible zone is nothing, this program was compiled for lab.weather.Calib") {
		t.Errorf("got %v", err)
	}
}

func TestLayoutOnlyAcceptsEqualBytesWithAnotherMeaning(t *testing.T) {
	o := Options{Root: t.TempDir(), LayoutOnly: true}
	mustCreate(t, "roof", config(), o)
	mustAttach(t, "roof", Config{Schema: readingInK}, o)
	if _, err := Attach("roof", Config{Schema: readingF32}, o); !errors.Is(err, ErrSchema) {
		t.Errorf("other bytes: %v", err)
	}
}

func TestOtherPoliciesAreRefusedFieldByField(t *testing.T) {
	o := Options{Root: t.TempDir()}
	p := mustCreate(t, "roof", config(), o)
	self := NewProcess(&p.Header().Creator)
	if _, err := Attach("roof", Config{Schema: reading}, o); err != nil {
		t.Errorf("a consumer that wants nothing special: %v", err)
	} else if s, err := Attach("roof", config(), o); err != nil {
		t.Error(err)
	} else {
		s.Close()
	}
	c := config()
	c.Sync, c.Capacity = hdr.SyncLatestOnly, 16
	_, err := Attach("roof", c, o)
	want := fmt.Sprintf("attach to channel \"roof\": roof was made by %s with other policies:\n\tSync: the block has %v, this program wants %v",
		self, hdr.SyncSyncReaders, hdr.SyncLatestOnly)
	if !errors.Is(err, ErrPolicy) || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	c = config()
	c.Capacity, c.Consumers, c.Timestamp = 16, 4, true
	_, err = Create("roof", c, o)
	var e *PolicyMismatchError
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	var fields []string
	for _, d := range e.Diff {
		fields = append(fields, fmt.Sprintf("%s %s/%s", d.Field, d.Want, d.Got))
	}
	if got := strings.Join(fields, ", "); got != "Capacity 16/8, Consumers 4/3, slots 16/8, Timestamp true/false" {
		t.Errorf("the producer is told %s", got)
	}
}
