package main

import (
	"strings"
	"testing"
)

const raw = `limit-go	pp	busy	64	1	10	0.200	1	1	0	0	0	1		200
limit-go	pp	busy	64	1	10	0.900	1	1	0	0	0	1		700
limit-go	tp	busy	64	1	10	0	0	0	20000000	1	0	1		200
pipe-go	tp	busy	64	1	10	0	0	0	4000000	1	0	1		200
uds-go	tp	busy	64	1	10	0	0	0	5000000	1	3	1		200
limit-c	wake	futex	64	1	10	3	4	5	0	0	0	1	pin=1	200
datahub	pp	busy	64	1	10	0.300	1	1	0	0	0	1		200
datahub	pp	busy	64	1	10	0.100	1	1	0	0	0	1		200
datahub	pp	busy	64	1	10	0.400	1	1	0	0	0	1		200
datahub	tp	busy	64	1	10	0	0	0	30000000	1	0	1	depth=4
datahub	tp	block	4194304	1	10	0	0	0	1500	1	0	1		900
`

func TestReportComparesMediansOfNearLines(t *testing.T) {
	r := &results{figures: make(map[work]map[string]*values), lost: make(map[string]uint64)}
	if err := r.read(strings.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := r.print(&out, true); err != nil {
		t.Fatal(err)
	}
	const want = `|  | waiting | bytes | consumers | ours | limit-go | limit-c | iceoryx | best other |
|---|---|---|---|---|---|---|---|---|
| round trip | busy | 64 | 1 | 0.300 us | 0.200 us (0.67) | - | - | - |
| stream | busy | 64 | 1 | 30.0 M/s | 20.0 M/s (1.50) | - | - | uds-go 5.00 M/s (6.00) |
| stream | block | 4194304 | 1 | 1.50 k/s | - | - | - | - |
uds-go lost, tore or repeated 3 messages
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestReportRefusesLinesItCannotRead(t *testing.T) {
	for name, line := range map[string]string{
		"too few columns": "datahub\tpp\tbusy",
		"no number":       strings.Replace(strings.SplitAfter(raw, "\n")[0], "0.200", "fast", 1),
	} {
		r := &results{figures: make(map[work]map[string]*values), lost: make(map[string]uint64)}
		if err := r.read(strings.NewReader(line)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
