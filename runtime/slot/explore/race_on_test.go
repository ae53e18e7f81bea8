//go:build race && !datahub_explore

package explore

const raceEnabled = true
