package schema

// A Channel holds the policies a schema was declared with. They are not part of
// any hash. The zero value of a required field means that it was not given.
type Channel struct {
	Policy       Policy       // required
	Sync         Sync         // required
	Capacity     uint32       // slots a reader can fall behind; required for Ring, refused for Single and Double
	Consumers    uint32       // required: at most this many at once, 1..MaxConsumers
	PageSize     uint32       // bytes, required: 4096 or 2 MiB
	FlexName     string       // the type of the flexible zone as written, "" for none
	FlexMode     FlexMode     // DoubleBuffered unless said
	Checksum     Checksum     // ChecksumNone unless said
	ChecksumType ChecksumType // required with a checksum, refused without
	Timestamp    bool         // each slot carries the time of its commit
	Spinlocks    uint32       // number of user spinlocks, at most MaxSpinlocks
	Pos          Pos
}

// Limits of a channel.
const (
	MaxCapacity  = 1 << 16
	MaxConsumers = 1 << 10
	MaxSpinlocks = 1 << 8
)

// Policy is the shape of a block: how many values it keeps.
type Policy uint8

const (
	Single Policy = 1 // "single": one value
	Double Policy = 2 // "double": two values
	Ring   Policy = 3 // "ring": Capacity values in order
)

// Sync is how readers and the writer wait for each other.
type Sync uint8

const (
	LatestOnly   Sync = 1 // "latest_only": the newest value, older ones are skipped
	SingleReader Sync = 2 // "single_reader": every value, exactly one reader
	SyncReaders  Sync = 3 // "sync_readers": every value to every reader, the slowest holds the writer
	Overwrite    Sync = 4 // "overwrite": in order, the writer never waits, losses are counted
)

// FlexMode is how the flexible zone is shared.
type FlexMode uint8

const (
	DoubleBuffered FlexMode = 1 // "double_buffered": copied out whole
	Shared         FlexMode = 2 // "shared": in place, under spinlocks
)

// Checksum says when slots are checked.
type Checksum uint8

const (
	ChecksumNone     Checksum = 1 // "none"
	ChecksumManual   Checksum = 2 // "manual"
	ChecksumEnforced Checksum = 3 // "enforced"
)

// ChecksumType is the algorithm of slot checksums.
type ChecksumType uint8

const (
	CRC32C ChecksumType = 1 // "crc32c"
	BLAKE3 ChecksumType = 2 // "blake3"
)
