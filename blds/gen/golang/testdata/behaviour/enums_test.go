package enums

import "testing"

func TestAnAliasPrintsAsTheFirstName(t *testing.T) {
	if got := StateBusy.String(); got != "running" {
		t.Errorf("got %q, want running", got)
	}
}

func TestUnknownValuesAreShownAsUnknown(t *testing.T) {
	if got := State(7).String(); got != "State(7)" || State(7).IsKnown() {
		t.Errorf("State(7) prints %q, known: %v", got, State(7).IsKnown())
	}
	if got := Signed(-5).String(); got != "Signed(-5)" {
		t.Errorf("Signed(-5) prints %q", got)
	}
	if got := Alarms(0x8047).String(); got != "rain|wind|hail|0x44" || Alarms(0x8047).IsKnown() || !Alarms(0x8003).IsKnown() {
		t.Errorf("Alarms(0x8047) prints %q", got)
	}
	if got := Alarms(0).String(); got != "0" || !Alarms(0).IsKnown() {
		t.Errorf("Alarms(0) prints %q", got)
	}
	if got := Full(0).String(); got != "none" {
		t.Errorf("Full(0) prints %q", got)
	}
}
