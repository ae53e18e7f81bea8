package syntax

import (
	"math/bits"
	"strconv"
	"strings"
)

// A num is an integer from -2^63 to 2^64-1: the low 64 bits of its two's
// complement and its sign. A negative one has the top bit of lo set.
type num struct {
	lo  uint64
	neg bool
}

const top = 1 << 63

// fits reports whether hi and lo together are a num, and returns it. hi holds
// the bits above 64.
func fits(hi int, lo uint64) (num, bool) {
	switch {
	case hi == 0:
		return num{lo: lo}, true
	case hi == -1 && lo >= top:
		return num{lo: lo, neg: true}, true
	}
	return num{}, false
}

func (a num) hi() int {
	if a.neg {
		return -1
	}
	return 0
}

// abs returns the magnitude.
func (a num) abs() uint64 {
	if a.neg {
		return -a.lo
	}
	return a.lo
}

// withSign returns the number of the given magnitude and sign.
func withSign(abs uint64, neg bool) (num, bool) {
	if !neg || abs == 0 {
		return num{lo: abs}, true
	}
	return num{lo: -abs, neg: true}, abs <= top
}

// String returns the decimal form.
func (a num) String() string {
	if a.neg {
		return strconv.FormatInt(int64(a.lo), 10)
	}
	return strconv.FormatUint(a.lo, 10)
}

// uint returns a as an unsigned number of at most limit.
func (a num) uint(limit uint64) (uint64, bool) { return a.lo, !a.neg && a.lo <= limit }

// parseInt reads an integer literal that the lexer took for one.
func parseInt(text string) (num, bool) {
	unit := uint64(1)
	if !strings.HasPrefix(text, "0x") && !strings.HasPrefix(text, "0X") {
		switch text[len(text)-1] {
		case 'k':
			unit = 1 << 10
		case 'm':
			unit = 1 << 20
		}
	}
	if unit > 1 {
		text = text[:len(text)-1]
	}
	n, err := strconv.ParseUint(text, 0, 64)
	hi, lo := bits.Mul64(n, unit)
	return num{lo: lo}, err == nil && hi == 0
}

// unary computes op a.
func unary(op string, a num) (num, bool) {
	if op == "~" {
		return fits(-1-a.hi(), ^a.lo)
	}
	return binary("-", num{}, a)
}

// binary computes a op b, as if with unlimited bits. It reports false if the
// result is out of range. The right side of a division is not zero, and that of
// a shift is below 64.
func binary(op string, a, b num) (num, bool) {
	switch op {
	case "+":
		lo, carry := bits.Add64(a.lo, b.lo, 0)
		return fits(a.hi()+b.hi()+int(carry), lo)
	case "-":
		lo, borrow := bits.Sub64(a.lo, b.lo, 0)
		return fits(a.hi()-b.hi()-int(borrow), lo)
	case "*":
		hi, lo := bits.Mul64(a.abs(), b.abs())
		n, ok := withSign(lo, a.neg != b.neg)
		return n, ok && hi == 0
	case "/":
		return withSign(a.abs()/b.abs(), a.neg != b.neg)
	case "%":
		return withSign(a.abs()%b.abs(), a.neg)
	case "<<":
		abs := a.abs()
		n, ok := withSign(abs<<b.lo, a.neg)
		return n, ok && bits.Len64(abs)+int(b.lo) <= 64
	case ">>":
		if a.neg {
			return num{lo: uint64(int64(a.lo) >> b.lo), neg: true}, true
		}
		return num{lo: a.lo >> b.lo}, true
	case "&":
		return fits(a.hi()&b.hi(), a.lo&b.lo)
	case "|":
		return fits(a.hi()|b.hi(), a.lo|b.lo)
	}
	return fits(a.hi()^b.hi(), a.lo^b.lo)
}
