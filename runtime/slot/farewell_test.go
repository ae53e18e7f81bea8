package slot

import (
	"errors"
	"testing"
	"time"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
)

// A lateHost asks about the producer just after it has closed the block and gone.
type lateHost struct {
	*host
	before func()
}

func (h *lateHost) ProducerAlive() bool {
	if h.before != nil {
		h.before()
		h.before = nil
	}
	return h.host.ProducerAlive()
}

// TestAnOrderlyCloseIsNeverTakenForDeath: the producer closes between a reader's
// look at its state and the reader's probe of its lock.
func TestAnOrderlyCloseIsNeverTakenForDeath(t *testing.T) {
	for _, sync := range []hdr.Sync{hdr.SyncLatestOnly, hdr.SyncSingleReader, hdr.SyncSyncReaders, hdr.SyncOverwrite} {
		b := heapBlock(t, ring(sync, 4, 1), 0)
		w, gone := b.writer()
		late := &lateHost{host: b.host()}
		r, err := JoinReader(b.ro, b.plan, b.conf, late, ReaderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		late.before = func() {
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			gone.kill()
		}
		if _, err := r.Acquire(bg, time.Minute); !errors.Is(err, ErrProducerClosed) {
			t.Errorf("%v: %v, want ErrProducerClosed", sync, err)
		}
	}
}
