package segment

import (
	"errors"
	"strings"
	"testing"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/shm"
)

// configErrors returns the ConfigErrors in err by field.
func configErrors(err error) map[string]string {
	found := map[string]string{}
	var walk func(error)
	walk = func(err error) {
		if e, ok := err.(*ConfigError); ok {
			found[e.Field] = e.Reason
		}
		switch u := err.(type) {
		case interface{ Unwrap() error }:
			walk(u.Unwrap())
		case interface{ Unwrap() []error }:
			for _, e := range u.Unwrap() {
				walk(e)
			}
		}
	}
	walk(err)
	return found
}

func TestEachMissingOrContradictoryFieldIsNamedBeforeAnythingIsMade(t *testing.T) {
	root := t.TempDir() + "/root"
	for _, c := range []struct {
		what   string
		change func(*Config)
		fields string
	}{
		{"no schema", func(c *Config) { c.Schema = nil }, "Schema"},
		{"no page size", func(c *Config) { c.PageSize = 0 }, "PageSize"},
		{"page size 8192", func(c *Config) { c.PageSize = 8192 }, "PageSize"},
		{"no policy", func(c *Config) { c.Policy = 0 }, "Policy"},
		{"policy 9", func(c *Config) { c.Policy = 9 }, "Policy"},
		{"no sync", func(c *Config) { c.Sync = 0 }, "Sync"},
		{"capacity 0", func(c *Config) { c.Capacity = 0 }, "Capacity"},
		{"capacity 65537", func(c *Config) { c.Capacity = 65537 }, "Capacity"},
		{"capacity 2^32-1", func(c *Config) { c.Capacity = 1<<32 - 1 }, "Capacity"},
		{"no consumers", func(c *Config) { c.Consumers = 0 }, "Consumers"},
		{"1025 consumers", func(c *Config) { c.Consumers = 1025 }, "Consumers"},
		{"single reader, two consumers", func(c *Config) { c.Sync, c.Consumers = hdr.SyncSingleReader, 2 }, "Consumers"},
		{"single with capacity", func(c *Config) { c.Policy, c.Sync, c.Capacity = hdr.PolicySingle, hdr.SyncLatestOnly, 8 }, "Capacity"},
		{"double, ordered", func(c *Config) { c.Policy, c.Capacity = hdr.PolicyDouble, 0 }, "Sync"},
		{"size of a type", func(c *Config) { c.PayloadSize = 7 }, "PayloadSize"},
		{"length of a type", func(c *Config) { c.Length = true }, "Length"},
		{"raw without size", func(c *Config) { c.Schema = RawSchema() }, "PayloadSize"},
		{"raw beyond 1 GiB", func(c *Config) { c.Schema, c.PayloadSize = RawSchema(), 1<<30+1 }, "PayloadSize"},
		{"flex without mode", func(c *Config) { c.Flex = calib }, "FlexMode"},
		{"mode without flex", func(c *Config) { c.FlexMode = hdr.FlexModeShared }, "FlexMode"},
		{"checksum without type", func(c *Config) { c.Checksum = hdr.ChecksumManual }, "ChecksumType"},
		{"checksum type without checksum", func(c *Config) { c.ChecksumType = hdr.ChecksumTypeBlake3 }, "ChecksumType"},
		{"257 spinlocks", func(c *Config) { c.Spinlocks = 257 }, "Spinlocks"},
		{"evict", func(c *Config) { c.Sync, c.Evict = hdr.SyncOverwrite, true }, "Evict"},
		{"nothing at all", func(c *Config) { *c = Config{} }, "Consumers PageSize Policy Schema Sync"},
	} {
		conf := config()
		c.change(&conf)
		_, err := Create("roof", conf, Options{Root: root})
		got := configErrors(err)
		for _, f := range strings.Fields(c.fields) {
			if got[f] == "" {
				t.Errorf("%s: %v does not name %s", c.what, err, f)
			}
			delete(got, f)
		}
		if len(got) != 0 {
			t.Errorf("%s: also names %v", c.what, got)
		}
		if got := leftovers(t, root); len(got) != 0 {
			t.Errorf("%s: left %q behind", c.what, got)
		}
	}
	if _, err := Attach("roof", Config{}, Options{Root: root}); configErrors(err)["Schema"] == "" {
		t.Errorf("attach without a schema: %v", err)
	}
}

func TestGroupAccessNeedsARootThatTheGroupCanEnter(t *testing.T) {
	t.Setenv(shm.RootVariable, "")
	_, err := Create("roof", config(), Options{Group: shm.Access{Group: true, GID: 1}})
	if configErrors(err)["Group"] == "" {
		t.Errorf("got %v", err)
	}
}

func TestAllErrorsOfAConfigComeAtOnceAndReadWell(t *testing.T) {
	c := config()
	c.Policy, c.PageSize, c.ChecksumType = 0, 5, hdr.ChecksumTypeCrc32c
	_, err := Create("../x", c, Options{Root: t.TempDir()})
	want := `create channel: "../x" cannot name a channel: it begins with '.', not with an ASCII letter or digit
PageSize: 5 is neither 4096 nor 2097152
Policy: not set: choose Single, Double or Ring
ChecksumType: given without Checksum`
	if !errors.Is(err, ErrName) || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}
