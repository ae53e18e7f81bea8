package slot

import (
	"testing"
	"time"
)

func TestPausesGrowAsTheirKindSaysUpToTheCap(t *testing.T) {
	us := time.Microsecond
	for _, c := range []struct {
		name string
		b    Backoff
		want []time.Duration // of the first looks; the last stays
	}{
		{"exponential", Backoff{ExponentialBackoff, 10 * us}, []time.Duration{1 * us, 2 * us, 4 * us, 8 * us, 10 * us, 10 * us}},
		{"constant", Backoff{ConstantBackoff, 10 * us}, []time.Duration{10 * us, 10 * us}},
		{"aggressive", Backoff{AggressiveBackoff, 600 * us}, []time.Duration{1 * us, 8 * us, 64 * us, 512 * us, 600 * us}},
		{"no cap given", Backoff{ConstantBackoff, 0}, []time.Duration{time.Millisecond}},
		{"a negative cap", Backoff{AggressiveBackoff, -1}, []time.Duration{1 * us, 8 * us, 64 * us, 512 * us, time.Millisecond}},
		{"a cap above the longest sleep", Backoff{ConstantBackoff, time.Hour}, []time.Duration{maxWait}},
	} {
		for i := range 200 {
			want := c.want[min(i, len(c.want)-1)]
			if got := c.b.pause(i); got != want {
				t.Errorf("%s: pause %d is %v, want %v", c.name, i, got, want)
			}
		}
	}
	w := waiting{}
	if !w.asks() || w.again(5, 0) != forever {
		t.Error("without back-off a waiter does not ask to be woken")
	}
	w.backoff = Backoff{ConstantBackoff, 10 * us}
	if w.asks() || w.again(5, 0) != 5+int64(10*us) {
		t.Error("with back-off a waiter asks to be woken, or does not look again")
	}
}
