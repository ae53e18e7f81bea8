package view

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pylabhub/datahub/blds/schema"
	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

var update = flag.Bool("update", false, "rewrite golden files")

func scalar(name string, off uint32, c schema.TypeCode) schema.Member {
	return schema.Member{Name: name, Offset: off, Size: c.Size(), Align: c.Size(), Type: schema.Type{Code: c}}
}

func pad(off, n uint32) schema.Member {
	return schema.Member{Offset: off, Size: n, Align: 1, Type: schema.Type{Code: schema.Padding, Len: n}}
}

// sheets are the schemas drawn in the tests.
func sheets() map[string]*Sheet {
	vec := &schema.Record{Name: "Vec3", Size: 24, Align: 8, Stride: 24, Members: []schema.Member{
		scalar("x", 0, schema.F64), scalar("y", 8, schema.F64), scalar("z", 16, schema.F32), pad(20, 4)}}
	state := &schema.Enum{Name: "State", Base: schema.U8, Values: []schema.EnumValue{{Name: "idle"}, {Name: "running", Value: 1}}}

	time := scalar("time_ns", 0, schema.I64)
	time.Attrs.Time, time.Attrs.TimeUnit = schema.Timestamp, "ns"
	word := scalar("", 48, schema.U32)
	word.Flags = schema.FlagPresence
	hum := scalar("humidity", 52, schema.F32)
	hum.Flags, hum.Attrs.Unit = schema.FlagOptional, "percent"
	st := scalar("state", 56, schema.U8)
	st.Type.Enum = state
	head := scalar("head", 128, schema.U64)
	head.Flags, head.Attrs.Group = schema.FlagAtomic, "hot"
	reading := &schema.Record{Name: "Reading", Size: 192, Align: 64, Stride: 192, Members: []schema.Member{
		time,
		{Name: "pos", Offset: 8, Size: 24, Align: 8, Type: schema.Type{Code: schema.RecordType, Record: vec}},
		{Name: "temps", Offset: 32, Size: 16, Align: 4, Type: schema.Type{Code: schema.F32, Dims: []uint32{4}}},
		word, hum, st,
		{Name: "station", Offset: 57, Size: 16, Align: 1, Type: schema.Type{Code: schema.String, Len: 16}},
		{Offset: 73, Size: 8, Align: 1, Type: schema.Type{Code: schema.Reserved, Len: 8}},
		pad(81, 47), head, pad(136, 56),
	}}
	image := &schema.Record{Name: "Image", Size: 1 << 20, Align: 8, Stride: 1 << 20, Members: []schema.Member{
		scalar("seq", 0, schema.U64),
		{Name: "pixels", Offset: 8, Size: 1<<20 - 32, Align: 1, Type: schema.Type{Code: schema.U8, Dims: []uint32{1<<20 - 32}}},
		{Name: "corners", Offset: 1<<20 - 24, Size: 24, Align: 8, Type: schema.Type{Code: schema.RecordType, Record: vec, Dims: []uint32{1}}},
	}}
	many := &schema.Record{Name: "Many", Align: 8}
	for i := uint32(0); i < 1000; i++ {
		many.Members = append(many.Members, scalar("f"+strings.Repeat("x", int(i%9)), i*8, schema.U64))
	}
	many.Size, many.Stride = 8000, 8000

	flex := &schema.Schema{ID: "lab.Calib", Record: vec}
	return map[string]*Sheet{
		"reading": {Zone: Slot, LayoutHash: strings.Repeat("a1", 32), SchemaHash: strings.Repeat("b2", 32),
			Order: []string{"time_ns", "head", "pos"}, OrderSize: 128,
			Schema: &schema.Schema{ID: "lab.Reading", Version: schema.Version{Major: 1}, Record: reading, Flex: flex,
				Channel: &schema.Channel{Policy: schema.Ring, Sync: schema.SyncReaders, Capacity: 1024, Consumers: 8, PageSize: 4096,
					FlexName: "Calib", Checksum: schema.ChecksumEnforced, ChecksumType: schema.CRC32C, Timestamp: true, Spinlocks: 4}}},
		"image": {Zone: Slot, Schema: &schema.Schema{ID: "lab.Image", Record: image,
			Channel: &schema.Channel{Policy: schema.Double, Sync: schema.LatestOnly, Consumers: 4, PageSize: 2 << 20,
				Checksum: schema.ChecksumManual, ChecksumType: schema.BLAKE3, FlexMode: schema.Shared}}},
		"many": {Zone: Record, Schema: &schema.Schema{ID: "lab.Many", Record: many}},
	}
}

func TestTablesAndPicturesOfSampleSchemas(t *testing.T) {
	for name, sh := range sheets() {
		for ext, write := range map[string]func(io.Writer, *Sheet) error{".txt": WriteTable, ".svg": WriteSVG} {
			t.Run(name+ext, func(t *testing.T) {
				var b bytes.Buffer
				if err := write(&b, sh); err != nil {
					t.Fatal(err)
				}
				if ext == ".svg" {
					wellFormed(t, b.Bytes())
				}
				if b.Len() > 300_000 {
					t.Errorf("the output has %d bytes: a long record is not folded", b.Len())
				}
				golden(t, filepath.Join("testdata", name+ext), b.Bytes())
			})
		}
	}
}

func wellFormed(t *testing.T, doc []byte) {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(doc))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("the picture is not well-formed XML: %v", err)
		}
	}
}

func TestFieldsAreListedWithDottedNamesAndAbsoluteOffsets(t *testing.T) {
	var got []string
	for _, f := range Fields(sheets()["reading"].Schema.Record) {
		got = append(got, strings.Join([]string{f.Name, f.Type, Bytes(uint64(f.Offset)), Bytes(uint64(f.Size))}, " "))
	}
	want := []string{"time_ns i64 0 bytes 8 bytes", "pos record 8 bytes 24 bytes", "pos.x f64 8 bytes 8 bytes", "pos.y f64 16 bytes 8 bytes",
		"pos.z f32 24 bytes 4 bytes", "temps f32[4] 32 bytes 16 bytes", "humidity f32 52 bytes 4 bytes", "state u8 56 bytes 1 byte",
		"station string[16] 57 bytes 16 bytes", "head u64 128 bytes 8 bytes"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestZonesFollowChannels(t *testing.T) {
	calib, free := &schema.Schema{}, &schema.Schema{}
	slot := &schema.Schema{Channel: &schema.Channel{}, Flex: calib}
	zones := Zones([]*schema.Schema{calib, slot, free})
	if zones[calib] != Flexible || zones[slot] != Slot || zones[free] != Record {
		t.Errorf("got %v", zones)
	}
}

// TestSegmentsAreThoseOfTheRuntime compares with the plan that the runtime makes
// of a block.
func TestSegmentsAreThoseOfTheRuntime(t *testing.T) {
	for _, size := range []uint32{1, 40, 64, 504, 568, 1000, 1024, 1 << 20} {
		for _, align := range []uint32{1, 8, 64, 128} {
			for _, c := range []schema.Channel{
				{Policy: schema.Single, Sync: schema.LatestOnly, Consumers: 1},
				{Policy: schema.Double, Sync: schema.LatestOnly, Consumers: 7, Timestamp: true},
				{Policy: schema.Ring, Sync: schema.LatestOnly, Capacity: 5, Consumers: 9, Checksum: schema.ChecksumEnforced, ChecksumType: schema.BLAKE3},
				{Policy: schema.Ring, Sync: schema.LatestOnly, Capacity: 100, Consumers: 9, Checksum: schema.ChecksumManual, ChecksumType: schema.CRC32C, Timestamp: true},
				{Policy: schema.Ring, Sync: schema.SyncReaders, Capacity: 100, Consumers: 9, Checksum: schema.ChecksumNone},
			} {
				s := &schema.Schema{Record: &schema.Record{Size: size, Align: align}, Channel: &c}
				if c.Timestamp {
					s.Flex, c.FlexMode = &schema.Schema{Record: &schema.Record{Size: size}}, schema.Shared
				} else if c.Checksum > schema.ChecksumNone {
					s.Flex, c.FlexMode = &schema.Schema{Record: &schema.Record{Size: size}}, schema.DoubleBuffered
				}
				conf := slot.Config{
					Policy: hdr.Policy(c.Policy), Sync: hdr.Sync(c.Sync), Capacity: c.Capacity, Consumers: c.Consumers,
					PayloadSize: size, PayloadAlign: align, Timestamp: c.Timestamp,
				}
				if c.Checksum > schema.ChecksumNone {
					conf.Checksum, conf.ChecksumType = hdr.Checksum(c.Checksum), hdr.ChecksumType(c.ChecksumType)
				}
				if s.Flex != nil {
					conf.FlexSize, conf.FlexMode, conf.Spinlocks = size, hdr.FlexMode(c.FlexMode), 1
				}
				plan, err := slot.NewPlan(conf)
				if err != nil {
					t.Fatal(err)
				}
				want := Segment{uint64(plan.Slots), uint64(plan.PayloadOff), uint64(plan.Stride), plan.SlotsSize, plan.FlexSize}
				if got := SegmentOf(s); got != want {
					t.Errorf("size %d align %d %+v:\n got %+v\nwant %+v", size, align, c, got, want)
				}
			}
		}
	}
}

func TestBytesAreShortToRead(t *testing.T) {
	for n, want := range map[uint64]string{1: "1 byte", 1023: "1023 bytes", 1024: "1 KiB", 1536: "1.5 KiB", 1 << 30: "1 GiB", 3 << 40: "3 TiB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
