// Peer measures our rings between processes: the time of a round trip (-test pp)
// and the rate of a stream (-test tp). It prints one line of tab-separated values,
//
//	peer test mode size consumers n p50_us p99_us p999_us msgs_per_s GB_per_s lost mem_mb note
//
// the same line, after the same flags and the same work, as the programs that
// measure other systems: a message's producer writes every byte of it, in place,
// and its consumer reads a word of every cache line. Word 0 is the sequence number,
// word 1 the phase, the last word the sequence number again; consumers count what
// is torn, lost or repeated.
//
// make bench runs it, and theirs, and prints what bench/report makes of the lines.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/pylabhub/datahub/runtime/datablock"
)

// options are the flags.
type options struct {
	test, mode       string
	size, n, ms      int
	consumers, depth int
	pin, batch, page int
	checksum         string
	secure           bool

	// Of a child.
	role int // its number, -1 in the parent
	root string
}

func (o *options) busy() bool { return o.mode == "busy" }

// span is how long is measured.
func (o *options) span() time.Duration { return time.Duration(o.ms) * time.Millisecond }

// warmUp is how long is not measured before.
const warmUp = 50 * time.Millisecond

func main() {
	o, err := parse(os.Args[1:])
	if err == nil {
		err = run(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func parse(args []string) (*options, error) {
	o := new(options)
	fs := flag.NewFlagSet("peer", flag.ExitOnError)
	fs.StringVar(&o.test, "test", "pp", "pp, round trips, or tp, a stream")
	fs.StringVar(&o.mode, "mode", "block", "how to wait: busy or block")
	fs.IntVar(&o.size, "size", 64, "bytes of a message: 64, 1024, 4096, 65536, 1048576 or 4194304")
	fs.IntVar(&o.n, "n", 1<<30, "measure at most so many messages")
	fs.IntVar(&o.ms, "ms", 300, "measure at most so many milliseconds")
	fs.IntVar(&o.consumers, "c", 1, "consumers")
	fs.IntVar(&o.depth, "depth", 0, "capacity of the ring; 0 for what suits the size")
	fs.IntVar(&o.pin, "pin", -1, "0: leave it to the scheduler; 1: parent on processor 0, children on 1; 2: all on 0; default 1 if busy, else 0")
	fs.IntVar(&o.batch, "batch", 1, "tp: messages per batch, on both sides")
	fs.StringVar(&o.checksum, "checksum", "none", "none, crc32c or blake3, verified before delivery")
	fs.BoolVar(&o.secure, "secure", false, "secure channels")
	fs.IntVar(&o.page, "page", 4096, "bytes of a page: 4096 or 2097152")
	fs.IntVar(&o.role, "role", -1, "set by the parent for its children")
	fs.StringVar(&o.root, "root", "", "set by the parent for its children")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case fs.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case o.test != "pp" && o.test != "tp":
		return nil, fmt.Errorf("-test %s: want pp or tp", o.test)
	case o.mode != "busy" && o.mode != "block":
		return nil, fmt.Errorf("-mode %s: want busy or block", o.mode)
	case o.consumers < 1 || o.consumers > 64 || o.test == "pp" && o.consumers != 1:
		return nil, fmt.Errorf("-c %d: want 1 with pp, 1 to 64 with tp", o.consumers)
	case o.n < 1 || o.ms < 1 || o.depth < 0:
		return nil, fmt.Errorf("-n and -ms must be positive, -depth not negative")
	}
	if _, ok := checksums[o.checksum]; !ok {
		return nil, fmt.Errorf("-checksum %s: want none, crc32c or blake3", o.checksum)
	}
	if o.page != 4096 && o.page != 2<<20 {
		return nil, fmt.Errorf("-page %d: want 4096 or 2097152", o.page)
	}
	if o.depth == 0 {
		o.depth = suitable(o)
	}
	if o.batch < 1 || o.batch > o.depth {
		return nil, fmt.Errorf("-batch %d: want 1 to the ring's capacity, %d", o.batch, o.depth)
	}
	if o.pin < 0 {
		o.pin = 0
		if o.busy() {
			o.pin = 1
		}
	}
	return o, nil
}

// suitable returns a capacity for the work: what a user would begin with, except that
// two rings of large messages share the cache.
func suitable(o *options) int {
	n := int(datablock.GoodCapacity(uint32(o.size)))
	if o.test == "pp" && o.size >= 1<<20 {
		n = max(1, n/4)
	}
	return n
}

func run(o *options) error {
	switch o.size {
	case 64:
		return play[Message64](o, &Message64Schema)
	case 1 << 10:
		return play[Message1K](o, &Message1KSchema)
	case 4 << 10:
		return play[Message4K](o, &Message4KSchema)
	case 64 << 10:
		return play[Message64K](o, &Message64KSchema)
	case 1 << 20:
		return play[Message1M](o, &Message1MSchema)
	case 4 << 20:
		return play[Message4M](o, &Message4MSchema)
	}
	return fmt.Errorf("-size %d: want 64, 1024, 4096, 65536, 1048576 or 4194304", o.size)
}
