// Package foreign holds a reader in C, and tests that it reads what Go writes.
package foreign

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pylabhub/datahub/examples/quickstart/weather"
	"github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/datablock"
)

// reader compiles the reader.
func reader(t *testing.T) string {
	if runtime.GOOS == "windows" {
		t.Skip("the reader is written for POSIX systems")
	}
	cc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("needs gcc")
	}
	exe := filepath.Join(t.TempDir(), "reader")
	if out, err := exec.Command(cc, "-std=c11", "-Wall", "-Wextra", "-Werror", "-O2", "-o", exe, "c/reader.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exe
}

var schemaHash = fmt.Sprintf("%x", weather.ReadingSchema.SchemaHash)

func TestAReaderInCPrintsWhatGoWrites(t *testing.T) {
	exe, root := reader(t), t.TempDir()
	p, err := weather.ReadingChannel.Create("roof", datablock.Root(root))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var out, errs bytes.Buffer
	cmd := exec.Command(exe, p.Info().Path, schemaHash, "20")
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("%v\n%s", err, &errs)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			var first uint64
			if _, err := fmt.Sscan(lines[0], &first); err != nil || len(lines) != 20 {
				t.Fatalf("%v in:\n%s", err, &out)
			}
			for i, line := range lines {
				n := first + uint64(i)
				if want := fmt.Sprintf("%d C reads me %g", n, float64(n)/2); line != want {
					t.Errorf("got %q, want %q", line, want)
				}
			}
			return
		case <-deadline:
			_ = cmd.Process.Kill()
			t.Fatalf("the reader is not done:\n%s%s", &out, &errs)
		case <-tick.C:
			err := p.Write(context.Background(), func(r *weather.Reading) error {
				r.Temperature = float64(p.Seq()) / 2
				return r.SetStation("C reads me")
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAReaderInCRefusesWhatDoesNotFit(t *testing.T) {
	exe, root := reader(t), t.TempDir()
	p, err := weather.ReadingChannel.Create("roof", datablock.Root(root))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	whole, err := os.ReadFile(filepath.Join(p.Info().Path, "data"))
	if err != nil {
		t.Fatal(err)
	}
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[at] ^= 1; return b }
	}
	for _, c := range []struct {
		name, hash, want string
		damage           func([]byte) []byte
	}{
		{"another schema", strings.Repeat("0", 64), "another schema", nil},
		{"another magic", schemaHash, "not a file of a block", flip(0)},
		{"another byte order", schemaHash, "another byte order", flip(8)},
		{"another form", schemaHash, "another form", flip(12)},
		{"another header", schemaHash, "another layout", flip(48)},
		{"a damaged header", schemaHash, "header is corrupt", flip(int(segment.FieldDataHeaderCapacity))},
		{"half a header", schemaHash, "shorter than a header", func(b []byte) []byte { return b[:500] }},
		{"half a file", schemaHash, "cut short", func(b []byte) []byte { return b[:len(b)/2] }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			b := bytes.Clone(whole)
			if c.damage != nil {
				b = c.damage(b)
			}
			if err := os.WriteFile(filepath.Join(dir, "data"), b, 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(exe, dir, c.hash).CombinedOutput()
			if err == nil || !strings.Contains(string(out), c.want) {
				t.Errorf("%v: %q, want %q", err, out, c.want)
			}
		})
	}
}

// TestTheReadersNumbersAreTheCompilers compares the offsets in reader.c with those
// of the generated code.
func TestTheReadersNumbersAreTheCompilers(t *testing.T) {
	src, err := os.ReadFile("c/reader.c")
	if err != nil {
		t.Fatal(err)
	}
	preamble, zone := segment.FieldDataHeaderPreamble, segment.FieldDataHeaderSlot
	for name, want := range map[string]datablock.Field{
		"ORDER": preamble + segment.FieldPreambleByteOrder, "FORM": preamble + segment.FieldPreambleForm,
		"HEADER_SIZE": preamble + segment.FieldPreambleHeaderSize, "CHECKSUM": preamble + segment.FieldPreambleChecksum,
		"HEADER_LAYOUT": preamble + segment.FieldPreambleLayoutHash, "DATA_SIZE": segment.FieldDataHeaderDataSize,
		"SCHEMA_HASH": zone + segment.FieldZoneSchemaHash, "CAPACITY": segment.FieldDataHeaderCapacity,
		"PAYLOAD": segment.FieldDataHeaderPayloadOffset, "PAYLOAD_SIZE": segment.FieldDataHeaderPayloadSize,
		"SYNC": segment.FieldDataHeaderSync, "REGION_COUNT": segment.FieldDataHeaderRegionCount,
		"REGIONS": segment.FieldDataHeaderRegions, "REGION_SIZE": datablock.Field(binary.Size(segment.Region{})),
		"HEADER": datablock.Field(segment.DataHeaderSchema.Size),
		"KIND":   segment.FieldRegionKind, "OFFSET": segment.FieldRegionOffset, "SIZE": segment.FieldRegionSize,
		"STRIDE": segment.FieldRegionStride, "COUNT": segment.FieldRegionCount,
		"KIND_PRODUCER": datablock.Field(segment.RegionKindProducer), "KIND_SLOTS": datablock.Field(segment.RegionKindSlots),
		"PAGE_HEAD": segment.FieldProducerPageHead, "PAGE_GATE": segment.FieldProducerPageGate,
		"PAGE_STATE": segment.FieldProducerPageState, "STATE_CLOSING": datablock.Field(segment.ProducerPageStateClosing),
		"STATE_SUPERSEDED": datablock.Field(segment.ProducerPageStateSuperseded),
		"LATEST_ONLY":      datablock.Field(segment.SyncLatestOnly),
	} {
		m := regexp.MustCompile(`\b` + name + ` = (\d+)`).FindSubmatch(src)
		if m == nil || string(m[1]) != fmt.Sprint(uint32(want)) {
			t.Errorf("reader.c has %s = %s, the compiler %d", name, m, want)
		}
	}
	if hash := fmt.Sprintf("%x", segment.DataHeaderSchema.LayoutHash); !bytes.Contains(src, []byte(hash)) {
		t.Errorf("reader.c does not have the layout hash of DataHeader, %s", hash)
	}
}
