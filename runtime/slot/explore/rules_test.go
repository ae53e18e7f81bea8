//go:build !datahub_explore

package explore

import (
	"slices"
	"testing"
)

// rules are the ways to get the protocol wrong that must be caught, whatever else
// is, and the mutants that are wrong so.
var rules = map[string][]string{
	"no hold":                         {"no hold"},
	"no re-check":                     {"no re-check of the latest word", "re-check of the slot only"},
	"uncapped gate":                   {"uncapped gate"},
	"no join re-check":                {"no re-check at join"},
	"shared reader count":             {"shared reader count"},
	"heartbeat reclaim":               {"heartbeat reclaim"},
	"eviction without validation":     {"eviction without validation"},
	"commit before payload":           {"commit before the payload", "latest before the payload"},
	"bell before clearing sleepers":   {"bell before clearing sleepers"},
	"head without stamp roll-forward": {"head without stamp roll-forward"},
	"batch rolled by one":             {"batch rolled forward by one"},
	// The bell is to be read before sleepers is set, and what is waited for looked at
	// after that: two ways to set it too late.
	"sleepers set after the bell is read":         {"bell read after sleepers is set", "sleepers set after the last look"},
	"join at oldest with the newest-only rule":    {"join at oldest with the newest's rule"},
	"a gate that is lowered again":                {"gate lowered at takeover", "gate lowered at abort"},
	"observer that trusts equal stamps":           {"observer that trusts equal stamps"},
	"selector by index only":                      {"selector by index only"},
	"lock probed before its word is loaded":       {"lock probed before its word is loaded"},
	"unlock without keeping poisoned":             {"unlock without keeping poisoned"},
	"batches: a part gives all back":              {"part of a batch gives all of it back"},
	"batches: copies without validation":          {"copies of a batch are not validated"},
	"drain: asks to be woken after the last look": {"drain asks to be woken after the last look"},
	"wait set: armed too late":                    {"armed after the last look", "armed without another look", "armed with a bell that is read last"},
	"wait set: a look that sees too little":       {"quiet though the producer is dead"},
	"back-off: asks to be woken":                  {"reader that pauses asks to be woken", "writer that pauses asks to be woken"},
	"death: told too early or never":              {"death told while something is left", "death not told because something was left", "death not told because of the bell"},
	"shared zone: trusted after a death":          {"shared zone that a producer left half changed"},
}

// TestEveryRuleOfTheProtocolHasItsMutants keeps TestMutantsAreCaught from losing
// one: a rule that no mutant breaks is one that no model is known to check.
func TestEveryRuleOfTheProtocolHasItsMutants(t *testing.T) {
	var names []string
	for _, m := range mutants {
		if slices.Contains(names, m.name) {
			t.Errorf("two mutants are called %q", m.name)
		}
		names = append(names, m.name)
		t.Run(m.name, func(t *testing.T) { m.apply(t) }) // names lines that are there
	}
	for rule, want := range rules {
		for _, name := range want {
			if !slices.Contains(names, name) {
				t.Errorf("rule %q: there is no mutant %q", rule, name)
			}
		}
	}
	t.Logf("%d rules, %d mutants", len(rules), len(mutants))
}
