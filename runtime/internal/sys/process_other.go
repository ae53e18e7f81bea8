//go:build !linux

package sys

// ProcessState returns when process pid started, as ProcessStart does, and 0: its
// state is not asked for here.
func ProcessState(pid int) (start uint64, state byte, err error) {
	start, _, err = ProcessStart(pid)
	return start, 0, err
}
