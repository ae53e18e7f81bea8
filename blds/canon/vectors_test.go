package canon_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/schema"
)

var update = flag.Bool("update", false, "write testdata anew")

// A Hashed is a descriptor and what its hashes are, in hex.
type Hashed struct {
	Descriptor string `json:"descriptor"`
	LayoutHash string `json:"layout_hash"`
	SchemaHash string `json:"schema_hash"`
}

// A vector is one entry of testdata/vectors.json.
type vector struct {
	Name string `json:"name"`
	Hashed
	Layout      string `json:"layout_section"`
	Meaning     string `json:"meaning_section"`
	Annotations string `json:"annotations_section"`
}

// A vectorPair is one entry of testdata/pairs.json.
type vectorPair struct {
	Name   string `json:"name"`
	Layout string `json:"layout_hashes"` // equal or differ
	Schema string `json:"schema_hashes"`
	A      Hashed `json:"a"`
	B      Hashed `json:"b"`
}

func hashedOf(t *testing.T, s *schema.Schema) Hashed {
	t.Helper()
	b := mustEncode(t, s)
	layoutHash, schemaHash, err := canon.Hashes(s)
	if err != nil {
		t.Fatal(err)
	}
	return Hashed{hex.EncodeToString(b), hex.EncodeToString(layoutHash[:]), hex.EncodeToString(schemaHash[:])}
}

// golden compares a value with a file of testdata, or writes the file.
func golden[T any](t *testing.T, file string, got T) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(got); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	var want T
	if diff := cmp.Diff(readJSON(t, path, want), got); diff != "" {
		t.Errorf("%s differs (-want +got); write it anew with -update:\n%s", path, diff)
	}
}

func readJSON[T any](t *testing.T, path string, into T) T {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return into
}

func TestVectorsHaveNotChanged(t *testing.T) {
	var got []vector
	for _, m := range models() {
		v := vector{Name: m.name, Hashed: hashedOf(t, m.model)}
		sections := sectionsOf(t, v.Descriptor)
		v.Layout, v.Meaning, v.Annotations = sections[0], sections[1], sections[2]
		got = append(got, v)
	}
	golden(t, "vectors.json", got)
}

func sectionsOf(t *testing.T, descriptor string) [3]string {
	t.Helper()
	sections, err := split(descriptor)
	if err != nil {
		t.Fatal(err)
	}
	return sections
}

// split takes a descriptor, in hex, apart by nothing but its length prefixes.
func split(descriptor string) (sections [3]string, err error) {
	rest := descriptor[10:] // magic and form
	for i := range sections {
		n, shift := 0, 0
		for {
			b, err := hex.DecodeString(rest[:2])
			if err != nil {
				return sections, err
			}
			rest = rest[2:]
			n |= int(b[0]&0x7f) << shift
			shift += 7
			if b[0] < 0x80 {
				break
			}
		}
		sections[i], rest = rest[:2*n], rest[2*n:]
	}
	if rest != "" {
		return sections, fmt.Errorf("%q behind the last section", rest)
	}
	return sections, nil
}

// Everything in the files goes in as hex and comes out as hex, without the
// models they were made of.
func TestVectorFilesDecodeAndHash(t *testing.T) {
	check := func(name string, h Hashed) *schema.Schema {
		t.Helper()
		b, err := hex.DecodeString(h.Descriptor)
		if err != nil {
			t.Fatal(err)
		}
		s, err := canon.Decode(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := hashedOf(t, s); got != h {
			t.Errorf("%s: got %+v, want %+v", name, got, h)
		}
		layoutHash, schemaHash, err := canon.HashesOf(b)
		if err != nil || hex.EncodeToString(layoutHash[:]) != h.LayoutHash || hex.EncodeToString(schemaHash[:]) != h.SchemaHash {
			t.Errorf("%s: hashes of the descriptor: got %x, %x, %v, want %+v", name, layoutHash, schemaHash, err, h)
		}
		return s
	}
	for _, v := range readJSON(t, "testdata/vectors.json", []vector{}) {
		check(v.Name, v.Hashed)
	}
	for _, p := range readJSON(t, "testdata/pairs.json", []vectorPair{}) {
		check(p.Name, p.A)
		check(p.Name, p.B)
		if got := equalOrDiffer(p.A.LayoutHash, p.B.LayoutHash); got != p.Layout {
			t.Errorf("%s: layout hashes: got %s, want %s", p.Name, got, p.Layout)
		}
		if got := equalOrDiffer(p.A.SchemaHash, p.B.SchemaHash); got != p.Schema {
			t.Errorf("%s: schema hashes: got %s, want %s", p.Name, got, p.Schema)
		}
	}
}

func equalOrDiffer(a, b string) string {
	if a == b {
		return "equal"
	}
	return "differ"
}
