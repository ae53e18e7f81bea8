package atomics

import "sync/atomic"

//blds:schema id=doc.atomics.Shared version=1.0.0
type Shared struct {
	Count atomic.Uint64
	Level int32 `blds:"atomic"`
}
