package main

import (
	"context"
	"fmt"
	"time"
)

// produced is what the producer tells at the end. Written counts what producers
// wrote that died before it, too.
type produced struct {
	Written uint64 `json:"written"`
}

// produce samples this machine every o.every until ctx is done.
func produce(ctx context.Context, o options) (err error) {
	s, err := newSampler()
	if err != nil {
		return err
	}
	p, err := SnapshotChannel.Create(o.name)
	if err != nil {
		return err
	}
	var out produced
	defer func() {
		if cerr := p.Close(); err == nil {
			err = cerr
		}
		if serr := writeSummary(o.summary, out); err == nil {
			err = serr
		}
	}()

	tick := time.NewTicker(o.every)
	defer tick.Stop()
	for {
		if err := p.Write(ctx, s.sample); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("sample %d: %w", p.Seq(), err)
		}
		out.Written = p.Seq()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
