package shm

// Part returns size bytes of m from off. They are m's: m is to be unmapped and given
// to [Guard], not the part.
func (m *Mapping) Part(off, size int64) *Mapping {
	return &Mapping{mem: m.mem[off : off+size : off+size], file: m.file}
}
