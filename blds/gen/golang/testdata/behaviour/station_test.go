package station

import (
	"testing"
	"time"
)

func TestTypesOfTheUserAreKept(t *testing.T) {
	var s Sample
	s.SetTimeout(3 * time.Second)
	s.SetNext(ModeAuto)
	s.SetPart(&part{id: 4, label: name{'x'}})
	if s.Timeout.String() != "3s" || s.Next.String() != "a mode" || s.part.GetLabel() != "x" || min(1, 2) == 0 {
		t.Errorf("got %+v", s)
	}
	var c Counters
	c.SetSent().Store(5)
	c.SetLost()[2].Add(1)
	if !c.HasSent() || c.Sent.Load() != 5 || c.Lost[2].Load() != 1 {
		t.Errorf("sent %d", c.Sent.Load())
	}
}
