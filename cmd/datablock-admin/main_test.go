package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"hash/crc32"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pylabhub/datahub/cmd/datablock-admin/internal/cli"
	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/segment"
)

var update = flag.Bool("update", false, "rewrite golden files")

// patience is how long a script waits for something that must come.
const patience = 20 * time.Second

func TestMain(m *testing.M) {
	os.Setenv("NO_COLOR", "1")
	testscript.Main(m, map[string]func(){"datablock-admin": main, "station": runStation})
}

// TestScripts runs each command as a user does, on real blocks whose producers and
// consumers are processes of their own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("DATAHUB_DIR", env.WorkDir+"/hub")
			env.Setenv("TZ", "UTC")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await":  await,
			"signal": signalTo,
			"until":  until,
			"flip":   flip,
			"scrub":  scrub,

			"grows":   grows,
			"age":     age,
			"payload": payload,
			"cut":     cut,
			"earlier": earlier,
		},
	})
}

// await waits until files are there: those that processes write when they are ready.
func await(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
			if b, err := os.ReadFile(ts.MkAbs(name)); err == nil && len(b) > 0 {
				break
			}
			if time.Now().After(deadline) {
				ts.Fatalf("%s does not come", name)
			}
		}
	}
}

// signalTo sends KILL, STOP or CONT to the process whose number stands in a file,
// and waits until a killed one is gone.
func signalTo(ts *testscript.TestScript, neg bool, args []string) {
	sig, ok := map[string]syscall.Signal{"KILL": syscall.SIGKILL, "STOP": syscall.Signal(19), "CONT": syscall.Signal(18), "INT": syscall.SIGINT}[args[0]]
	if !ok || len(args) != 2 {
		ts.Fatalf("usage: signal KILL|STOP|CONT|INT file")
	}
	pid, err := strconv.Atoi(strings.TrimSpace(ts.ReadFile(args[1])))
	ts.Check(err)
	p, err := os.FindProcess(pid)
	ts.Check(err)
	ts.Check(p.Signal(sig))
	if args[0] == "STOP" {
		// A stopped process does not end with the script if that fails before.
		time.AfterFunc(patience, func() { _ = p.Kill() })
	}
	for deadline := time.Now().Add(patience); sig == syscall.SIGKILL && p.Signal(syscall.Signal(0)) == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("process %d does not end", pid)
		}
	}
}

// until runs datablock-admin again and again until its output matches.
func until(ts *testscript.TestScript, neg bool, args []string) {
	want := regexp.MustCompile("(?m)" + args[0])
	var out, errs bytes.Buffer
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		out.Reset()
		errs.Reset()
		cli.Run(context.Background(), append([]string{"--dir", ts.Getenv("DATAHUB_DIR")}, args[1:]...), strings.NewReader(""), &out, &errs)
		if want.Match(out.Bytes()) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%q does not come, but\n%s%s", args[0], out.String(), errs.String())
		}
	}
}

// flip changes the bits of one byte of a file: flip file offset.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	off, err := strconv.ParseInt(args[1], 0, 64)
	ts.Check(err)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_RDWR, 0)
	ts.Check(err)
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], off)
	ts.Check(err)
	b[0] ^= 0xff
	_, err = f.WriteAt(b[:], off)
	ts.Check(err)
}

// grows waits until a file that a process writes has a line that matches.
func grows(ts *testscript.TestScript, neg bool, args []string) {
	want := regexp.MustCompile("(?m)" + args[1])
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		b, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && want.Match(b) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%q does not come, but\n%s", args[1], b)
		}
	}
}

// age makes a file an hour old.
func age(ts *testscript.TestScript, neg bool, args []string) {
	then := time.Now().Add(-time.Hour)
	ts.Check(os.Chtimes(ts.MkAbs(args[0]), then, then))
}

// payload changes the bits of one byte of a slot's value: payload channel slot byte.
func payload(ts *testscript.TestScript, neg bool, args []string) {
	root := ts.Getenv("DATAHUB_DIR")
	seg, err := segment.Observe(args[0], segment.Config{}, segment.Options{Root: root})
	ts.Check(err)
	slot, err := strconv.Atoi(args[1])
	ts.Check(err)
	at, err := strconv.Atoi(args[2])
	ts.Check(err)
	p := seg.Plan()
	h := seg.Header()
	for _, r := range h.Regions[:h.RegionCount] {
		if r.Kind == hdr.RegionKindSlots {
			flip(ts, false, []string{root + "/" + args[0] + "/data", strconv.Itoa(int(r.Offset) + slot*int(p.Stride) + int(p.PayloadOff) + at)})
		}
	}
	ts.Check(seg.Close())
}

// cut makes a file shorter: cut file size.
func cut(ts *testscript.TestScript, neg bool, args []string) {
	size, err := strconv.ParseInt(args[1], 0, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), size))
}

// earlier makes a block one of an earlier boot.
func earlier(ts *testscript.TestScript, neg bool, args []string) {
	name := ts.Getenv("DATAHUB_DIR") + "/" + args[0] + "/data"
	b, err := os.ReadFile(name)
	ts.Check(err)
	b[hdr.FieldDataHeaderBootID] ^= 0xff
	sum := b[hdr.FieldPreambleChecksum : hdr.FieldPreambleChecksum+4]
	clear(sum)
	size := binary.LittleEndian.Uint32(b[hdr.FieldPreambleHeaderSize:])
	binary.LittleEndian.PutUint32(sum, crc32.Checksum(b[:size], crc32.MakeTable(crc32.Castagnoli)))
	ts.Check(os.WriteFile(name, b, 0o600))
}

// scrubbed are the parts of an output that differ from run to run.
var scrubbed = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z`), "TIME"},
	{regexp.MustCompile(`"time_ns":[0-9]+`), `"time_ns":0`},
	{regexp.MustCompile(`,[0-9]{19},`), ",0,"},
	{regexp.MustCompile(`pid [0-9]+`), "pid 4711"},
	{regexp.MustCompile(`[0-9a-f]{32}, generation`), "BLOCK, generation"},
}

// scrub writes the last output to a file, without what differs from run to run.
func scrub(ts *testscript.TestScript, neg bool, args []string) {
	text := strings.ReplaceAll(ts.ReadFile("stdout"), ts.Getenv("DATAHUB_DIR"), "/dev/shm/datahub-1000")
	for _, s := range scrubbed {
		text = s.what.ReplaceAllString(text, s.with)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o666))
}

// run runs datablock-admin within this process.
func run(ctx context.Context, args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	code = cli.Run(ctx, args, strings.NewReader(""), &out, &errs)
	return out.String(), errs.String(), code
}
