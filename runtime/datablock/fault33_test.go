package datablock_test

import (
	"context"
	"errors"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/pylabhub/datahub/runtime/datablock"
	"github.com/pylabhub/datahub/runtime/datablock/internal/weather"
)

// TestFault33WhatIsClosedIsAnErrorAndTouchesNothing calls every method that there is
// on everything that a closed channel leaves behind. Its memory is unmapped by then,
// so a touch ends the test with a fault.
func TestFault33WhatIsClosedIsAnErrorAndTouchesNothing(t *testing.T) {
	at, ctx := root(t), within(t)
	p, err := weather.ZonedChannel.Create("zoned", at)
	must(t, err)
	c, err := weather.ZonedChannel.Attach("zoned", at)
	must(t, err)
	o, err := datablock.Observe[weather.Zoned](&datablock.Spec{Schema: &weather.ZonedSchema, Flex: &weather.SiteSchema}, "zoned", at)
	must(t, err)
	raw := datablock.Spec{
		RawSize: 64, Policy: datablock.Ring, Sync: datablock.Overwrite, Capacity: 8, Consumers: 2, PageSize: 4096,
		Checksum: datablock.ChecksumManual, ChecksumType: datablock.CRC32C,
	}
	rp, err := datablock.CreateRaw(&raw, "raw", at)
	must(t, err)
	rc, err := datablock.AttachRaw(&raw, "raw", at)
	must(t, err)
	ro, err := datablock.ObserveRaw(&raw, "raw", at)
	must(t, err)

	must(t, p.Send(ctx, &weather.Zoned{Number: 7}))
	must(t, rp.Send(ctx, []byte("value")))
	s, err := c.Next(ctx)
	must(t, err)
	rs, err := rc.Next(ctx)
	must(t, err)
	lock, err := c.GetSpinlock(1)
	must(t, err)
	guard, err := lock.Lock(ctx)
	must(t, err)
	flexW, flexR, flexO := p.Flex(), c.Flex(), datablock.ObserveFlex[weather.Site](o)
	must(t, flexW.Set(&weather.Site{}))
	var tx *datablock.WriteTx[weather.Zoned]
	var rtx *datablock.ReadTx[weather.Zoned]
	must(t, p.WriteTx(ctx, func(x *datablock.WriteTx[weather.Zoned]) error { tx = x; return nil }))
	must(t, c.Release())
	must(t, c.ReadTx(ctx, func(x *datablock.ReadTx[weather.Zoned]) error { rtx = x; return nil }))

	// Double release, and a release of what another call ended.
	wantMisuse := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) || !errors.Is(err, datablock.ErrMisuse) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	wantMisuse("double Release", c.Release(), datablock.ErrNoLoan)
	must(t, rc.Release())
	wantMisuse("double Release", rc.Release(), datablock.ErrNoLoan)
	wantMisuse("Verify of what was released", rs.Verify(), datablock.ErrNoLoan)
	must(t, guard.Unlock())
	wantMisuse("double Unlock", guard.Unlock(), datablock.ErrNotLocked)
	wantMisuse("double Commit", p.Commit(), datablock.ErrNoLoan)

	for _, h := range []interface{ Close() error }{o, ro, c, rc, p, rp} {
		must(t, h.Close())
		must(t, h.Close())
	}
	calls := 0
	for _, v := range []any{p, c, o, rp, rc, ro, s, rs, lock, guard, flexW, flexR, flexO, tx, rtx} {
		calls += callAll(t, v)
	}
	if calls < 150 {
		t.Errorf("only %d methods were called", calls)
	}
	set := datablock.NewWaitSet()
	if err := set.Add(c); !errors.Is(err, datablock.ErrClosed) {
		t.Errorf("WaitSet.Add: %v", err)
	}
}

// harmless are methods that have something to say after Close.
var harmless = []string{"Close", "Config", "Info", "Guard", "GetSpinlock", "SetLen"}

// callAll calls all methods of v, of which those that can fail must.
func callAll(t *testing.T, v any) int {
	t.Helper()
	typ := reflect.TypeOf(v)
	for i := range typ.NumMethod() {
		m := typ.Method(i)
		what := typ.String() + "." + m.Name
		args := []reflect.Value{reflect.ValueOf(v)}
		for k := 1; k < m.Type.NumIn(); k++ {
			args = append(args, argument(t, what, m.Type.In(k)))
		}
		for _, r := range m.Func.Call(args) {
			check(t, what, m.Name, r)
		}
	}
	return typ.NumMethod()
}

func argument(t *testing.T, what string, typ reflect.Type) reflect.Value {
	switch {
	case typ == reflect.TypeFor[context.Context]():
		return reflect.ValueOf(within(t))
	case typ.Kind() == reflect.Func:
		return reflect.MakeFunc(typ, func([]reflect.Value) []reflect.Value {
			if what[len(what)-len(".Guard"):] != ".Guard" {
				t.Errorf("%s calls its function", what)
			}
			var out []reflect.Value
			for i := range typ.NumOut() {
				out = append(out, reflect.Zero(typ.Out(i)))
			}
			return out
		})
	case typ.Kind() == reflect.Int:
		return reflect.ValueOf(1)
	case typ.Kind() == reflect.String:
		return reflect.ValueOf("name")
	case typ.Kind() == reflect.Pointer:
		return reflect.New(typ.Elem())
	}
	return reflect.Zero(typ)
}

func check(t *testing.T, what, name string, r reflect.Value) {
	switch {
	case r.Type() == reflect.TypeFor[error]():
		err, _ := r.Interface().(error)
		closed := errors.Is(err, os.ErrClosed) || errors.Is(err, datablock.ErrMisuse) || errors.Is(err, datablock.ErrNotSupported)
		if !closed && !slices.Contains(harmless, name) {
			t.Errorf("%s: %v", what, err)
		}
	case r.Kind() == reflect.Bool && r.Bool():
		t.Errorf("%s says true", what)
	case r.Kind() == reflect.Func && r.Type().CanSeq2():
		for _, e := range r.Seq2() {
			if err, ok := e.Interface().(error); !ok || !errors.Is(err, datablock.ErrClosed) {
				t.Errorf("%s yields %v", what, e)
			}
		}
	case r.Kind() == reflect.Chan:
		if v, ok := r.Recv(); ok {
			t.Errorf("%s sends %v", what, v)
		}
	case r.Kind() == reflect.Slice && r.Len() != 0, r.Kind() == reflect.Pointer && !r.IsNil() && name == "At":
		t.Errorf("%s returns memory", what)
	case r.Kind() == reflect.Struct && r.Type().NumField() > 1 && r.FieldByName("Value").IsValid() && !r.FieldByName("Value").IsZero():
		t.Errorf("%s returns a value", what)
	}
}
