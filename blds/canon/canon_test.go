package canon_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/internal/randschema"
	"github.com/pylabhub/datahub/blds/layout"
	"github.com/pylabhub/datahub/blds/schema"
	"pgregory.net/rapid"
)

// keptOut are the facts that the canonical form does not hold.
var keptOut = cmp.Options{
	cmpopts.IgnoreFields(schema.Schema{}, "Channel", "Flex", "Pos"),
	cmpopts.IgnoreFields(schema.Record{}, "Pos"),
	cmpopts.IgnoreFields(schema.Member{}, "Pos"),
	cmpopts.IgnoreFields(schema.Enum{}, "Pos"),
	cmpopts.IgnoreFields(schema.EnumValue{}, "Pos", "GoName"),
	cmpopts.IgnoreFields(schema.Const{}, "Pos", "GoName"),
}

// randomSchemas lays a random package out.
func randomSchemas(t *rapid.T, opts randschema.Options) []*schema.Schema {
	p := randschema.Package(randschema.Drawn(t), "rnd.test", opts)
	res, problems := layout.Resolve(p)
	if len(problems) > 0 {
		t.Fatalf("got problems %v, want none", problems)
	}
	return res.Packages[0].Schemas
}

func mustEncode(t interface {
	Helper()
	Fatalf(string, ...any)
}, s *schema.Schema) []byte {
	t.Helper()
	b, err := canon.Encode(s)
	if err != nil {
		t.Fatalf("encode %q: %v", s.ID, err)
	}
	return b
}

func TestDecodingGivesBackWhatWasEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, s := range randomSchemas(t, randschema.Options{}) {
			b := mustEncode(t, s)
			got, err := canon.Decode(b)
			if err != nil {
				t.Fatalf("decode %x: %v", b, err)
			}
			if diff := cmp.Diff(s, got, keptOut); diff != "" {
				t.Fatalf("decoded schema differs (-want +got):\n%s", diff)
			}
			if again := mustEncode(t, got); !bytes.Equal(again, b) {
				t.Fatalf("encoded again: got %x, want %x", again, b)
			}
		}
	})
}

func TestHashesOfTheDescriptorAreThoseOfTheSchema(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, s := range randomSchemas(t, randschema.Options{}) {
			layoutHash, schemaHash, err := canon.HashesOf(mustEncode(t, s))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := canon.LayoutHash(s); got != layoutHash || err != nil {
				t.Fatalf("layout hash: got %x, %v, want %x", got, err, layoutHash)
			}
			if got, err := canon.SchemaHash(s); got != schemaHash || err != nil {
				t.Fatalf("schema hash: got %x, %v, want %x", got, err, schemaHash)
			}
			if layoutHash == schemaHash {
				t.Fatal("layout hash and schema hash are equal")
			}
		}
	})
}

// Whatever single byte of a form is changed: it is refused, or it is the form of
// another schema.
func TestEveryChangedByteIsRefusedOrAnotherSchema(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := randomSchemas(t, randschema.Options{MaxFields: 4})[0]
		b := mustEncode(t, s)
		for range 50 {
			i := rapid.IntRange(0, len(b)-1).Draw(t, "at")
			changed := bytes.Clone(b)
			changed[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "xor"))
			got, err := canon.Decode(changed)
			if err != nil {
				if !errors.Is(err, canon.ErrInvalid) {
					t.Fatalf("byte %d of %x: got error %v, want ErrInvalid", i, changed, err)
				}
				continue
			}
			if cmp.Equal(s, got, keptOut) {
				t.Fatalf("byte %d of %x: got the same schema", i, changed)
			}
			if again := mustEncode(t, got); !bytes.Equal(again, changed) {
				t.Fatalf("byte %d: got %x, want %x", i, again, changed)
			}
		}
	})
}

func TestEveryPrefixOfAFormIsRefused(t *testing.T) {
	for _, v := range models() {
		b := mustEncode(t, v.model)
		for n := range b {
			if _, err := canon.Decode(b[:n]); !errors.Is(err, canon.ErrInvalid) {
				t.Errorf("%s: the first %d of %d bytes: got error %v, want ErrInvalid", v.name, n, len(b), err)
			}
		}
		if _, err := canon.Decode(append(b, 0)); !errors.Is(err, canon.ErrInvalid) {
			t.Errorf("%s: a byte too many: got error %v, want ErrInvalid", v.name, err)
		}
	}
}

func TestAFormBeyondTheLimitIsRefused(t *testing.T) {
	s := *models()[0].model
	r := *s.Record
	s.Record = &r
	r.Members = append([]schema.Member(nil), r.Members...)
	for i := range r.Members {
		if r.Members[i].IsField() {
			r.Members[i].Attrs.Doc = strings.Repeat("d", schema.MaxDoc)
		}
	}
	if _, err := canon.Encode(&s); err != nil {
		t.Fatalf("docs below the limit: %v", err)
	}
	e := &schema.Enum{Name: "E", ID: "a.E", Base: schema.U8, Doc: strings.Repeat("d", schema.MaxDoc)}
	for i := range 20 {
		e.Values = append(e.Values, schema.EnumValue{Name: "v" + string(rune('a'+i)), Value: uint64(i), Doc: e.Doc})
	}
	for i := range r.Members {
		if m := &r.Members[i]; m.Type.Code == schema.U8 && m.IsField() {
			m.Type.Enum = e
			m.Attrs.Unit = ""
			m.Attrs.Scale = ""
			m.Attrs.Default = nil
		}
	}
	if _, err := canon.Encode(&s); !errors.Is(err, canon.ErrTooLarge) {
		t.Fatalf("docs beyond the limit: got %v, want ErrTooLarge", err)
	}
	if _, err := canon.SchemaHash(&s); err != nil {
		t.Fatalf("docs do not count for the hash: got %v, want none", err)
	}
	if _, err := canon.Decode(make([]byte, schema.MaxCanonical+1)); !errors.Is(err, canon.ErrInvalid) {
		t.Fatalf("decode: got %v, want ErrInvalid", err)
	}
}

func TestTheFrameIsCheckedBeforeHashing(t *testing.T) {
	good := mustEncode(t, canon.Raw())
	for name, b := range map[string][]byte{
		"empty":            nil,
		"other magic":      append([]byte("BLDT"), good[4:]...),
		"other form":       append([]byte("BLDS\x02"), good[5:]...),
		"length too large": append([]byte("BLDS\x01\xff\xff\xff\xff\x0f"), good[6:]...),
		"cut":              good[:len(good)-1],
		"longer":           append(bytes.Clone(good), 0),
	} {
		if _, _, err := canon.HashesOf(b); !errors.Is(err, canon.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
}

func TestTheRawSchemaIsOneByteAndItsOwn(t *testing.T) {
	s := canon.Raw()
	if s.ID != "blds.raw" || s.Record.Size != 1 {
		t.Errorf("got %s of %d bytes, want blds.raw of 1", s.ID, s.Record.Size)
	}
	got, err := canon.Decode(mustEncode(t, s))
	if err != nil || !cmp.Equal(s, got) {
		t.Errorf("decoded: %v\n%s", err, cmp.Diff(s, got))
	}
}
