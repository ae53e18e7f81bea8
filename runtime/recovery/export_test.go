package recovery

import "github.com/pylabhub/datahub/runtime/slot"

// WrapHost makes all repairs of this process use what wrap makes of their host.
func WrapHost(wrap func(slot.Host) slot.Host) { wrapHost = wrap }
