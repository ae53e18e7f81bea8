//go:build datahub_explore

package explore

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// A choice is what may happen next: process p takes a step, dies, or wakes from a
// sleep because its time is up; or everybody goes on in turn to the end.
type choice struct {
	kind choiceKind
	p    int
}

type choiceKind uint8

const (
	step choiceKind = iota
	die
	wake
	drain
)

// choices lists what may happen in w. Time only passes where nothing else can
// happen and somebody has died, or nobody asks to be woken: who is waited for is
// never in doubt otherwise, and a wake that was forgotten shows.
func (w *World) choices(buf []choice) []choice {
	for i, p := range w.procs {
		if p.status == ready || p.status == waiting && p.waits() {
			buf = append(buf, choice{step, i})
		}
	}
	idle := len(buf) == 0
	if w.kills > 0 {
		for i, p := range w.procs {
			if p.kills && (p.while == nil || p.while()) && p.status != done && p.status != killed {
				buf = append(buf, choice{die, i})
			}
		}
	}
	if idle && (w.dead > 0 || w.model.Timed) && !w.model.Timeless {
		for i, p := range w.procs {
			if p.status == sleeping {
				buf = append(buf, choice{wake, i})
			}
		}
		if n := len(buf); n > 0 && buf[n-1].kind == wake {
			buf = append([]choice{{drain, 0}}, buf...)
		}
	}
	return buf
}

func (w *World) do(c choice) {
	switch c.kind {
	case step:
		w.run(w.procs[c.p])
	case die:
		w.kill(w.procs[c.p])
	case wake:
		w.procs[c.p].status, w.procs[c.p].woken = ready, true
	case drain:
		w.drain()
	}
}

// drain lets everybody go on in turn, and time pass, until all are done.
func (w *World) drain() {
	for range 20000 {
		moved, all := false, true
		for _, p := range w.procs {
			if p.status == done || p.status == killed {
				continue
			}
			all = false
			if p.status == ready || p.status == waiting && p.waits() {
				w.run(p)
				moved = true
			}
			if w.bad != nil {
				return
			}
		}
		if all {
			return
		}
		if !moved {
			for _, p := range w.procs {
				if p.status == sleeping {
					p.status, p.woken, moved = ready, true, true
				}
			}
		}
		if !moved {
			break
		}
	}
	w.bad = &violation{"nobody gets on: " + w.describe()}
}

// describe says what everybody is doing.
func (w *World) describe() string {
	var s []string
	for _, p := range w.procs {
		s = append(s, p.Name+" "+[]string{"ready", "waits for a lock", "sleeps", "done", "killed"}[p.status])
	}
	return strings.Join(s, ", ")
}

// finish is called when nothing can happen any more.
func (w *World) finish() {
	for _, p := range w.procs {
		if p.status != done && p.status != killed {
			w.bad = &violation{"nobody can go on: " + w.describe()}
			return
		}
	}
	defer func() {
		switch v := recover().(type) {
		case nil:
		case violation:
			v.text = "afterwards: " + v.text
			w.bad = &v
		default:
			w.bad = &violation{fmt.Sprintf("afterwards: panic: %v", v)}
		}
	}()
	w.model.After(w)
}

// A Result is what an exploration found.
type Result struct {
	Model    string
	States   int // different states
	Steps    int // steps taken, again and again included
	Runs     int
	Complete bool   // every state was reached
	Seed     uint64 // of random walks, 0 for a search
	Bad      string // the property that does not hold, and how it came to that
	Took     time.Duration
}

func (r Result) String() string {
	how := "whole"
	if r.Seed != 0 {
		how = fmt.Sprintf("random, seed %d", r.Seed)
	} else if !r.Complete {
		how = "cut short"
	}
	s := fmt.Sprintf("%-40s %9d states %11d steps %8d runs %8v %s", r.Model, r.States, r.Steps, r.Runs, r.Took.Round(time.Millisecond), how)
	if r.Bad != "" {
		s += "\n" + r.Bad
	}
	return s
}

// Search explores m depth first, at most limit states.
func Search(m *Model, limit int) Result {
	type node struct {
		choices []choice
		at      int
	}
	start := time.Now()
	res := Result{Model: m.Name, Complete: true}
	met := make(map[uint64]struct{}, 1<<16)
	var path []node
	var buf []choice
	for {
		w := m.world()
		res.Runs++
		for _, n := range path {
			w.do(n.choices[n.at])
		}
		for w.bad == nil {
			h := w.state()
			if _, ok := met[h]; ok {
				break
			}
			met[h] = struct{}{}
			if buf = w.choices(buf[:0]); len(buf) == 0 {
				w.finish()
				break
			}
			n := node{choices: append([]choice(nil), buf...)}
			path = append(path, n)
			w.do(n.choices[0])
			if n.choices[0].kind == drain && w.bad == nil {
				w.finish()
				break
			}
		}
		res.Steps += w.steps
		w.end()
		if w.bad != nil {
			var cs []choice
			for _, n := range path {
				cs = append(cs, n.choices[n.at])
			}
			res.Bad = m.explain(cs)
			break
		}
		for len(path) > 0 && path[len(path)-1].at == len(path[len(path)-1].choices)-1 {
			path = path[:len(path)-1]
		}
		if len(path) == 0 {
			break
		}
		path[len(path)-1].at++
		if len(met) >= limit {
			res.Complete = false
			break
		}
	}
	res.States, res.Took = len(met), time.Since(start)
	return res
}

// Walk takes random walks through m until d is over. Processes keep going for a
// few steps at a time, which finds more than a coin per step.
func Walk(m *Model, seed uint64, d time.Duration) Result {
	start := time.Now()
	res := Result{Model: m.Name, Seed: seed}
	rnd := rand.New(rand.NewPCG(seed, 0))
	met := make(map[uint64]struct{})
	var buf []choice
	for time.Since(start) < d {
		w := m.world()
		res.Runs++
		var path []choice
		stay := 0
		last := choice{}
		for w.bad == nil {
			if len(met) < 1<<22 {
				met[w.state()] = struct{}{}
			}
			if buf = w.choices(buf[:0]); len(buf) == 0 {
				w.finish()
				break
			}
			c := buf[rnd.IntN(len(buf))]
			if c.kind == die && rnd.IntN(30) != 0 {
				c = buf[rnd.IntN(len(buf))]
			}
			if stay > 0 {
				for _, b := range buf {
					if b == last {
						c = last
					}
				}
				stay--
			} else {
				stay = rnd.IntN(12)
			}
			last = c
			path = append(path, c)
			w.do(c)
			if c.kind == drain && w.bad == nil {
				w.finish()
				break
			}
		}
		res.Steps += w.steps
		w.end()
		if w.bad != nil {
			res.Bad = m.explain(path)
			break
		}
	}
	res.States, res.Took = len(met), time.Since(start)
	return res
}

// maxDrainTrace is how much of an end without an end is written down.
const maxDrainTrace = 40

// explain runs a path again and writes down what happens.
func (m *Model) explain(path []choice) string {
	var s strings.Builder
	lines := math.MaxInt // left to write
	w := m.world()
	w.trace = func(p *Proc, off uintptr, old, new uint64) {
		if lines--; lines < 0 {
			return
		}
		if old == new {
			fmt.Fprintf(&s, "  %-10s %-24s is %d\n", p.Name, m.where(off), old)
		} else {
			fmt.Fprintf(&s, "  %-10s %-24s %d -> %d\n", p.Name, m.where(off), old, new)
		}
	}
	for _, c := range path {
		switch c.kind {
		case die:
			fmt.Fprintf(&s, "  %-10s is killed\n", w.procs[c.p].Name)
		case wake:
			fmt.Fprintf(&s, "  %-10s wakes: its time is up\n", w.procs[c.p].Name)
		case drain:
			fmt.Fprintf(&s, "  all go on in turn, which begins so:\n")
			lines = maxDrainTrace
		}
		w.do(c)
		if w.bad != nil {
			break
		}
	}
	if w.bad == nil {
		w.finish()
	}
	w.end()
	text := "not found again: the world is not deterministic"
	if w.bad != nil {
		text = w.bad.text
	}
	return text + "\n" + s.String()
}
