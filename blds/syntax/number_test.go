package syntax

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func (a num) big() *big.Int {
	if a.neg {
		return big.NewInt(int64(a.lo))
	}
	return new(big.Int).SetUint64(a.lo)
}

// drawNum draws numbers of all sizes, often at the borders.
func drawNum(t *rapid.T, label string) num {
	n := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 100), rapid.SampledFrom([]uint64{top, top - 1, top + 1, 1<<64 - 1})).Draw(t, label)
	return num{lo: n, neg: n >= top && rapid.Bool().Draw(t, label+" is negative")}
}

func TestArithmeticIsExactOrRefused(t *testing.T) {
	lowest, highest := big.NewInt(-1<<63), new(big.Int).SetUint64(1<<64-1)
	rapid.Check(t, func(t *rapid.T) {
		op := rapid.SampledFrom([]string{"+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^", "u-", "u~"}).Draw(t, "op")
		a, b := drawNum(t, "a"), drawNum(t, "b")
		x, y, want := a.big(), b.big(), new(big.Int)
		got, ok := num{}, false
		switch op {
		case "+":
			want.Add(x, y)
		case "-":
			want.Sub(x, y)
		case "*":
			want.Mul(x, y)
		case "/", "%":
			if b.lo == 0 {
				t.Skip("division by zero is refused before")
			}
			if op == "/" {
				want.Quo(x, y)
			} else {
				want.Rem(x, y)
			}
		case "<<", ">>":
			b = num{lo: b.lo & 63}
			if op == "<<" {
				want.Lsh(x, uint(b.lo))
			} else {
				want.Rsh(x, uint(b.lo))
			}
		case "&":
			want.And(x, y)
		case "|":
			want.Or(x, y)
		case "^":
			want.Xor(x, y)
		case "u-":
			want.Neg(x)
		case "u~":
			want.Not(x)
		}
		if op[0] == 'u' {
			got, ok = unary(op[1:], a)
		} else {
			got, ok = binary(op, a, b)
		}
		if inside := want.Cmp(lowest) >= 0 && want.Cmp(highest) <= 0; ok != inside {
			t.Fatalf("%v %s %v = %v: accepted %t", x, op, y, want, ok)
		}
		if ok && (got.big().Cmp(want) != 0 || got.neg && got.lo < top || got.String() != want.String()) {
			t.Fatalf("%v %s %v = %v, want %v", x, op, y, got, want)
		}
	})
}
