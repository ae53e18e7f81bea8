package datablock

import (
	"errors"
	"fmt"

	hdr "github.com/pylabhub/datahub/generated/datahub/segment"
	"github.com/pylabhub/datahub/runtime/segment"
	"github.com/pylabhub/datahub/runtime/slot"
)

// config translates a Spec. What is wrong with it package segment finds.
func (s *Spec) config() segment.Config {
	c := segment.Config{Schema: s.Schema, Flex: s.Flex, PageSize: s.PageSize}
	if s.Schema == nil && s.RawSize != 0 {
		c.Schema = segment.RawSchema()
	}
	c.Config = slot.Config{
		Policy: hdr.Policy(s.Policy), Sync: hdr.Sync(s.Sync),
		Capacity: s.Capacity, Consumers: s.Consumers, PayloadSize: s.RawSize,
		Timestamp: s.Timestamp, Checksum: hdr.Checksum(s.Checksum), ChecksumType: hdr.ChecksumType(s.ChecksumType),
		FlexMode: hdr.FlexMode(s.FlexMode), Spinlocks: s.Spinlocks,
	}
	return c
}

// check refuses a Spec whose types are not those of the Go program.
func (s *Spec) check(size, align uint32) error {
	switch {
	case s == nil:
		return &ConfigError{Field: "Spec", Reason: "is nil"}
	case s.Schema != nil && s.RawSize != 0:
		return &ConfigError{Field: "RawSize", Reason: "given beside Schema: a channel is typed or raw"}
	case s.Schema != nil && (s.Schema.Size != size || s.Schema.Align%align != 0):
		return &ConfigError{Field: "Schema", Reason: fmt.Sprintf(
			"%s has %d bytes aligned to %d, the Go type %d aligned to %d: generate the code again",
			s.Schema.ID, s.Schema.Size, s.Schema.Align, size, align)}
	}
	return nil
}

func (s *Spec) table() (*fieldTable, error) {
	if s.Schema == nil {
		return nil, nil
	}
	return newFieldTable(s.Schema)
}

// producer is the part of a producer that does not depend on the type.
type producer struct {
	handle
	w      *slot.Writer
	latest bool
	inside bool // in the function of a Write
	tender tender
	pad    handlePad
}

// handlePad ends a handle, so that another one behind it in memory, which another
// goroutine writes with every value, is in no line of this one.
type handlePad [64]byte

func openProducer(s *Spec, name string, opts []Option) (*producer, error) {
	fields, err := s.table()
	if err != nil {
		return nil, fmt.Errorf("create channel %q: %w", name, err)
	}
	o := newOptions(opts)
	conf := s.config()
	conf.Evict = o.evict
	if o.evict && o.evictAfter <= 0 {
		return nil, fmt.Errorf("create channel %q: %w", name, &ConfigError{Field: "EvictAfter", Reason: "want a time above 0"})
	}
	seg, err := segment.Create(name, conf, o.segment)
	if err != nil {
		return nil, err
	}
	p := &producer{handle: handle{seg: seg, spec: s, opts: o, fields: fields}, latest: s.Sync == LatestOnly}
	err = seg.Guard(func() (err error) {
		p.w, err = slot.OpenWriter(seg.Memory(), seg.Plan(), seg.Config(), seg.Host(), slot.WriterOptions{
			Process: segment.Identity(), Fresh: !seg.TookOver(), Wait: o.wait, Backoff: o.backoff,
			EvictAfter: o.evictAfter,
		})
		return err
	})
	if err != nil {
		if !seg.TookOver() {
			err = errors.Join(err, seg.Remove())
		}
		return nil, errors.Join(fmt.Errorf("create channel %q: %w", name, err), seg.Close())
	}
	p.locks = p.w.Locks()
	p.tender.start(func() {
		// A fault is the business of the calls that return errors.
		_ = seg.Guard(func() error { p.w.Tend(); return nil })
	})
	return p, nil
}

// consumer is the part of a consumer that does not depend on the type.
type consumer struct {
	handle
	r *slot.Reader
	// Of an Observer: that it is one, and what it had counted when that was reset.
	observes bool
	counted  slot.ReaderCounts
	copies   bool // values are private copies, and making them is guarded
	looks    bool // slow is held by a call that has not deferred to unlock it
	lent     bool // a sample is in use
	inside   bool // in the function of a Read, or in the body of a loop over All
	pad      handlePad
}

func openConsumer(s *Spec, name string, opts []Option) (*consumer, error) {
	fields, err := s.table()
	if err != nil {
		return nil, fmt.Errorf("attach to channel %q: %w", name, err)
	}
	o := newOptions(opts)
	seg, err := segment.Attach(name, s.config(), o.segment)
	if err != nil {
		return nil, err
	}
	c := &consumer{handle: handle{seg: seg, spec: s, opts: o, fields: fields}}
	c.copies = seg.Config().Sync == hdr.SyncOverwrite || seg.Config().Evict
	err = seg.Guard(func() (err error) {
		c.r, err = slot.JoinReader(seg.Memory(), seg.Plan(), seg.Config(), seg.Host(), o.reader())
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("attach to channel %q: %w", name, err), seg.Close())
	}
	c.locks = c.r.Locks()
	return c, nil
}
