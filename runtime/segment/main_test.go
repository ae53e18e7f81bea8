package segment

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pylabhub/datahub/blds/canon"
	"github.com/pylabhub/datahub/blds/schema"
	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/fixed"
	"github.com/pylabhub/datahub/runtime/shm"
	"github.com/pylabhub/datahub/runtime/slot"
)

// The test binary runs itself as another process: the argument after childFlag
// is what it is to be.
const childFlag = "-as-child"

// placeVariable tells a child which kind of place its parent uses.
const placeVariable = "SEGMENT_TEST_PLACE"

var children = map[string]func(args []string) error{}

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == childFlag {
		exchanges = os.Getenv(placeVariable) == "exchange"
		if err := children[os.Args[2]](os.Args[3:]); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A child is another process. Tests talk with it line by line.
type child struct {
	t   testing.TB
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func command(role string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], append([]string{childFlag, role}, args...)...)
	cmd.Stderr = os.Stderr
	kind := "pointer"
	if exchanges {
		kind = "exchange"
	}
	cmd.Env = append(os.Environ(), placeVariable+"="+kind)
	return cmd
}

func start(t testing.TB, cmd *exec.Cmd) *child {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return &child{t, cmd, in, bufio.NewReader(out)}
}

func (c *child) say(line string) {
	c.t.Helper()
	if _, err := fmt.Fprintln(c.in, line); err != nil {
		c.t.Fatal(err)
	}
}

func (c *child) line() string {
	c.t.Helper()
	s, err := c.out.ReadString('\n')
	if err != nil && s == "" {
		c.t.Fatalf("child: %v", err)
	}
	return strings.TrimSuffix(s, "\n")
}

func (c *child) expect(want string) {
	c.t.Helper()
	if got := c.line(); got != want {
		c.t.Fatalf("child said %q, want %q", got, want)
	}
}

// waitForLine blocks until the parent says something.
func waitForLine() { bufio.NewReader(os.Stdin).ReadString('\n') }

// waitForEOF blocks until the parent closes our standard input or dies.
func waitForEOF() { io.Copy(io.Discard, os.Stdin) }

// openFiles returns how many descriptors this process has, -1 if unknown.
func openFiles() int {
	if r, w, err := os.Pipe(); err == nil { // the Go runtime opens its own with the first of these
		r.Close()
		w.Close()
	}
	e, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	return len(e)
}

// checkFiles fails the test if it leaves descriptors open.
func checkFiles(t testing.TB) {
	t.Helper()
	before := openFiles()
	t.Cleanup(func() {
		if after := openFiles(); after != before {
			t.Errorf("%d descriptors are open, %d were before", after, before)
		}
	})
}

// eachPlace runs fn with both ways to publish a block.
func eachPlace(t *testing.T, fn func(t *testing.T)) {
	for name, ex := range map[string]bool{"exchange": true, "pointer": false} {
		if ex && !shm.ExchangesFolders {
			continue
		}
		t.Run(name, func(t *testing.T) {
			usePlace(t, ex)
			checkFiles(t)
			fn(t)
		})
	}
}

func usePlace(t testing.TB, ex bool) {
	old := exchanges
	exchanges = ex
	t.Cleanup(func() { exchanges = old })
}

func useGrace(t testing.TB) {
	old := grace
	grace = 0
	t.Cleanup(func() { grace = old })
}

// A field of a test schema.
type field struct {
	name string
	code schema.TypeCode
	unit string
}

// compile makes a schema of fields that are 8 bytes each, or 4 with another
// field of 4 behind it.
func compile(id string, fields ...field) *fixed.Schema {
	_, name := schema.SplitID(id)
	r := &schema.Record{Name: name, ID: id, Align: 8}
	for _, f := range fields {
		size := uint32(8)
		switch f.code {
		case schema.F32, schema.U32, schema.I32:
			size = 4
		}
		if r.Size%size != 0 {
			panic("test schema needs padding")
		}
		r.Members = append(r.Members, schema.Member{
			Name: f.name, Offset: r.Size, Size: size, Align: size,
			Type: schema.Type{Code: f.code}, Attrs: schema.Attrs{Unit: f.unit},
		})
		r.Size += size
	}
	if rest := r.Size % 8; rest != 0 {
		pad := 8 - rest
		r.Members = append(r.Members, schema.Member{Offset: r.Size, Size: pad, Align: 1, Type: schema.Type{Code: schema.Padding, Len: pad}})
		r.Size += pad
	}
	r.Stride = r.Size
	d, err := canon.Encode(&schema.Schema{ID: id, Version: schema.Version{Major: 1, Minor: 2}, Order: schema.LittleEndian, Record: r})
	if err != nil {
		panic(err)
	}
	layout, hash, err := canon.HashesOf(d)
	if err != nil {
		panic(err)
	}
	return &fixed.Schema{
		ID: id, Version: [3]uint16{1, 2, 0}, LayoutHash: layout, SchemaHash: hash,
		Size: r.Size, Align: r.Align, Descriptor: string(d),
	}
}

// The schemas of the tests: reading, and what may become of it.
var (
	reading      = compile("lab.weather.Reading", field{"time_ns", schema.I64, "ns"}, field{"temperature", schema.F64, "degC"}, field{"humidity", schema.F32, ""})
	readingF32   = compile("lab.weather.Reading", field{"time_ns", schema.I64, "ns"}, field{"temperature", schema.F32, "degC"}, field{"humidity", schema.F32, ""})
	readingInK   = compile("lab.weather.Reading", field{"time_ns", schema.I64, "ns"}, field{"temperature", schema.F64, "K"}, field{"humidity", schema.F32, ""})
	calib        = compile("lab.weather.Calib", field{"offset", schema.F64, ""}, field{"scale", schema.F64, ""})
	calibChanged = compile("lab.weather.Calib", field{"offset", schema.F64, ""}, field{"gain", schema.F64, ""}, field{"more", schema.F64, ""})
)

// config returns a config that is complete.
func config() Config {
	return Config{
		Schema: reading, PageSize: Page4K,
		Config: slot.Config{Policy: hdr.PolicyRing, Sync: hdr.SyncSyncReaders, Capacity: 8, Consumers: 3},
	}
}

func withFlex() Config {
	c := config()
	c.Flex, c.FlexMode = calib, hdr.FlexModeDoubleBuffered
	c.Spinlocks, c.Timestamp = 2, true
	c.Checksum, c.ChecksumType = hdr.ChecksumEnforced, hdr.ChecksumTypeCrc32c
	return c
}

func mustCreate(t testing.TB, name string, c Config, o Options) *Segment {
	t.Helper()
	s, err := Create(name, c, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func mustAttach(t testing.TB, name string, c Config, o Options) *Segment {
	t.Helper()
	s, err := Attach(name, c, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// memoryDir returns a folder for one test, in memory where the system has that:
// for tests that make thousands of blocks.
func memoryDir(t testing.TB) string {
	t.Helper()
	if _, err := os.Stat("/dev/shm"); err != nil {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "datahub-test-*")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// leftovers lists what is in the root, one level down as well.
func leftovers(t testing.TB, root string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if rel, _ := filepath.Rel(root, path); rel != "." {
			all = append(all, rel)
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return all
}
