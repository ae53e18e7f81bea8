package groups

//blds:schema id=doc.groups.Counters version=1.0.0
type Counters struct {
	Head  uint64 `blds:"atomic,group=writer"`
	Spins uint64 `blds:"group=writer"`
	_     [112]byte
	Tail  uint64 `blds:"atomic,align=128,group=reader"`
	_     [120]byte
}
