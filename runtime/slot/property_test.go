package slot

import (
	"errors"
	"os"
	"testing"

	"pgregory.net/rapid"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// A ledger is what a block should be: a list of committed values, of which each
// reader has a place in, and nothing else.
type ledger struct {
	t       *rapid.T
	b       *block
	w       *Writer
	wh      *host
	claimed uint64
	end     uint64 // values committed
	readers []*ledgerReader
	resume  uint64 // where the next single reader begins
}

type ledgerReader struct {
	r    *Reader
	h    *host
	next uint64 // the value it gets next, if nothing is lost
	held bool
	lazy bool
	seen bool // has had a value
}

func (l *ledger) conf() *Config { return &l.b.conf }

func (l *ledger) capacity() uint64 { return uint64(l.b.plan.Capacity) }

// room returns the fewest and the most values that may be claimed now: a lazy
// reader may not have shown all it has released.
func (l *ledger) room() (least, most uint64) {
	c := l.capacity()
	least, most = c, c
	at := func(cursor, slack uint64) {
		free := cursor + c - l.end
		most = min(most, free)
		least = min(least, free-min(free, slack))
	}
	switch l.conf().Sync {
	case hdr.SyncSingleReader:
		at(l.resume, 0)
	case hdr.SyncSyncReaders:
		for _, r := range l.readers {
			slack := uint64(0)
			if r.lazy {
				slack = max(1, c/8) - 1
			}
			at(r.next, slack)
		}
	}
	return least, most
}

func (l *ledger) open() {
	l.wh = l.b.host()
	if !l.wh.lockProducer() {
		l.t.Fatal("producer's lock is taken")
	}
	var err error
	if l.w, err = OpenWriter(l.b.mem, l.b.plan, l.b.conf, l.wh, WriterOptions{}); err != nil {
		l.t.Fatalf("open: %v", err)
	}
	if l.w.Seq() != l.end {
		l.t.Fatalf("takes over at %d, want %d", l.w.Seq(), l.end)
	}
	l.claimed = 0
}

// Check is called after each step: what is committed shows, and no more.
func (l *ledger) Check(t *rapid.T) {
	if !l.conf().latest() && l.b.head() != l.end {
		t.Fatalf("head is %d, want %d", l.b.head(), l.end)
	}
}

func (l *ledger) Claim(t *rapid.T) {
	if l.claimed != 0 {
		t.Skip("claimed")
	}
	n := uint64(1)
	if !l.conf().latest() {
		n = rapid.Uint64Range(1, l.capacity()).Draw(t, "n")
	}
	l.w.probed = -1 << 60 // as if the locks had not been probed for long
	err := l.w.ClaimN(bg, 0, int(n))
	least, most := l.room()
	switch {
	case err == nil && !l.conf().latest() && n > most:
		t.Fatalf("%d slots where there is room for %d", n, most)
	case err != nil && n <= least:
		t.Fatalf("no %d slots where there is room for %d: %v", n, least, err)
	case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
		t.Fatalf("claim: %v", err)
	case err == nil:
		l.claimed = n
		for i := range int(n) {
			fill(l.w.Slot(i), l.end+uint64(i))
		}
	}
}

func (l *ledger) Commit(t *rapid.T) {
	if l.claimed == 0 {
		t.Skip("nothing is claimed")
	}
	n := rapid.Uint64Range(1, l.claimed).Draw(t, "n")
	if err := l.w.CommitN(int(n)); err != nil {
		t.Fatalf("commit: %v", err)
	}
	l.end += n
	l.claimed = 0
}

func (l *ledger) Abort(t *rapid.T) {
	if err := l.w.Abort(); (err == nil) != (l.claimed != 0) {
		t.Fatalf("abort of %d: %v", l.claimed, err)
	}
	l.claimed = 0
}

func (l *ledger) ProducerDies(t *rapid.T) {
	l.wh.kill()
	l.open()
}

func (l *ledger) Join(t *rapid.T) {
	if len(l.readers) == int(l.b.plan.Consumers) && rapid.IntRange(0, 30).Draw(t, "full") != 17 {
		t.Skip("a joiner looks for long before it reports that all cells are taken")
	}
	r := &ledgerReader{h: l.b.host(), lazy: rapid.Bool().Draw(t, "lazy") && l.conf().Sync != hdr.SyncSingleReader}
	o := ReaderOptions{Start: Start(rapid.IntRange(0, 3).Draw(t, "start")), Position: rapid.Uint64Range(0, l.end+2).Draw(t, "position"), Lazy: r.lazy}
	if l.conf().Sync == hdr.SyncSingleReader {
		o.Start = StartDefault
	}
	var err error
	r.r, err = JoinReader(l.b.ro, l.b.plan, l.b.conf, r.h, o)
	if full := len(l.readers) == int(l.b.plan.Consumers); full != errors.Is(err, ErrFull) || err != nil && !full {
		t.Fatalf("join beside %d others: %v", len(l.readers), err)
	}
	if err != nil {
		return
	}
	r.next = r.r.Seq()
	oldest := l.end - min(l.end, l.capacity())
	switch {
	case l.conf().latest():
	case l.conf().Sync == hdr.SyncSingleReader && r.next != l.resume:
		t.Fatalf("resumes at %d, want %d", r.next, l.resume)
	case l.conf().Sync == hdr.SyncSingleReader:
	case o.Start <= StartNewest && r.next != l.end:
		t.Fatalf("newest is %d, want %d", r.next, l.end)
	case r.next > l.end || r.next < oldest:
		t.Fatalf("begins at %d, there are %d to %d", r.next, oldest, l.end)
	}
	l.readers = append(l.readers, r)
}

func (l *ledger) pick(t *rapid.T) (int, *ledgerReader) {
	if len(l.readers) == 0 {
		t.Skip("no reader")
	}
	i := rapid.IntRange(0, len(l.readers)-1).Draw(t, "reader")
	return i, l.readers[i]
}

func (l *ledger) drop(i int) {
	l.readers = append(l.readers[:i], l.readers[i+1:]...)
}

func (l *ledger) Leave(t *rapid.T) {
	i, r := l.pick(t)
	if err := r.r.Leave(); (err != nil) != r.held {
		t.Fatalf("leave: %v", err)
	}
	l.drop(i)
}

func (l *ledger) ReaderDies(t *rapid.T) {
	i, r := l.pick(t)
	r.h.kill()
	l.drop(i)
}

func (l *ledger) Acquire(t *rapid.T) {
	_, r := l.pick(t)
	s, ok, err := r.r.TryAcquire()
	switch {
	case r.held:
		if !errors.Is(err, ErrLoanOpen) {
			t.Fatalf("second value: %v", err)
		}
		return
	case err != nil:
		t.Fatalf("acquire: %v", err)
	}
	if l.conf().latest() {
		fresh := l.end > 0 && (!r.seen || r.next < l.end)
		if ok != fresh || ok && s.Seq != l.end-1 {
			t.Fatalf("got %d %t, the latest is %d and the last was %d", s.Seq, ok, int(l.end)-1, int(r.next)-1)
		}
		if !ok {
			return
		}
	} else {
		from := r.next
		if l.conf().Sync == hdr.SyncOverwrite {
			from = max(from, l.w.gateAt-l.capacity()) // what is being overwritten is gone
		}
		if ok != (from < l.end) || ok && s.Seq < from {
			t.Fatalf("got %d %t, at %d of %d", s.Seq, ok, from, l.end)
		}
		if !ok {
			return
		}
		lossless := l.conf().Sync != hdr.SyncOverwrite
		if s.Seq != r.next+s.Lost && r.seen || lossless && s.Seq != r.next || s.Seq >= l.end {
			t.Fatalf("got %d with %d lost, want %d", s.Seq, s.Lost, r.next)
		}
	}
	if !whole(s.Payload, s.Seq) {
		t.Fatalf("value %d is torn", s.Seq)
	}
	r.held, r.seen, r.next = true, true, s.Seq
}

func (l *ledger) Release(t *rapid.T) {
	_, r := l.pick(t)
	if err := r.r.Release(); (err == nil) != r.held {
		t.Fatalf("release: held=%t %v", r.held, err)
	}
	if r.held {
		r.held = false
		r.next++
		if l.conf().Sync == hdr.SyncSingleReader {
			l.resume = r.next
		}
	}
}

func (l *ledger) Seek(t *rapid.T) {
	_, r := l.pick(t)
	if l.conf().Sync == hdr.SyncSingleReader || l.conf().latest() {
		t.Skip("has one place")
	}
	err := r.r.Seek(StartNewest, 0)
	if (err != nil) != r.held {
		t.Fatalf("seek: %v", err)
	}
	if err == nil {
		r.next = r.r.Seq()
		if r.next != l.end {
			t.Fatalf("sought %d, want %d", r.next, l.end)
		}
	}
}

func TestBlockIsALedger(t *testing.T) {
	for name, sync := range syncs {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				n := rapid.Uint32Range(1, 3).Draw(rt, "consumers")
				if sync == hdr.SyncSingleReader {
					n = 1
				}
				c := ring(sync, rapid.SampledFrom([]uint32{1, 2, 3, 8, 17, 32}).Draw(rt, "capacity"), n)
				if sync == hdr.SyncLatestOnly {
					c.Spare = rapid.SampledFrom([]uint32{0, 1, NoSpare}).Draw(rt, "spare")
				}
				l := &ledger{t: rt, b: heapBlock(t, c, 0)}
				l.open()
				rt.Repeat(rapid.StateMachineActions(l))
			})
		})
	}
}
