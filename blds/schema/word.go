package schema

import "strconv"

// The words of channel policies and of time, as both front ends spell them;
// index 0 is the value that was not given.
var (
	policyWords       = []string{"", "single", "double", "ring"}
	syncWords         = []string{"", "latest_only", "single_reader", "sync_readers", "overwrite"}
	flexModeWords     = []string{"", "double_buffered", "shared"}
	checksumWords     = []string{"", "none", "manual", "enforced"}
	checksumTypeWords = []string{"", "crc32c", "blake3"}
	timeKindWords     = []string{"", "timestamp", "duration"}
	timeUnitWords     = []string{"", "s", "ms", "us", "ns"}
	byteOrderWords    = []string{"", "little-endian", "big-endian"}
)

func word(words []string, i uint8) string {
	if int(i) < len(words) {
		return words[i]
	}
	return strconv.Itoa(int(i))
}

func parseWord(words []string, s string) (uint8, bool) {
	for i, w := range words {
		if i > 0 && w == s {
			return uint8(i), true
		}
	}
	return 0, false
}

func (p Policy) String() string       { return word(policyWords, uint8(p)) }
func (s Sync) String() string         { return word(syncWords, uint8(s)) }
func (m FlexMode) String() string     { return word(flexModeWords, uint8(m)) }
func (c Checksum) String() string     { return word(checksumWords, uint8(c)) }
func (t ChecksumType) String() string { return word(checksumTypeWords, uint8(t)) }
func (k TimeKind) String() string     { return word(timeKindWords, uint8(k)) }
func (o ByteOrder) String() string    { return word(byteOrderWords, uint8(o)) }

// ParsePolicy returns the policy with the given word.
func ParsePolicy(s string) (Policy, bool) {
	i, ok := parseWord(policyWords, s)
	return Policy(i), ok
}

// ParseSync returns the sync policy with the given word.
func ParseSync(s string) (Sync, bool) {
	i, ok := parseWord(syncWords, s)
	return Sync(i), ok
}

// ParseFlexMode returns the mode of the flexible zone with the given word.
func ParseFlexMode(s string) (FlexMode, bool) {
	i, ok := parseWord(flexModeWords, s)
	return FlexMode(i), ok
}

// ParseChecksum returns the checksum policy with the given word.
func ParseChecksum(s string) (Checksum, bool) {
	i, ok := parseWord(checksumWords, s)
	return Checksum(i), ok
}

// ParseChecksumType returns the checksum algorithm with the given word.
func ParseChecksumType(s string) (ChecksumType, bool) {
	i, ok := parseWord(checksumTypeWords, s)
	return ChecksumType(i), ok
}

// TimeUnitNumber returns the number the canonical form has for a unit of time:
// 1 s, 2 ms, 3 us, 4 ns.
func TimeUnitNumber(unit string) (uint8, bool) { return parseWord(timeUnitWords, unit) }

// TimeUnitName is the opposite of TimeUnitNumber; "" if there is no such unit.
func TimeUnitName(n uint8) string {
	if int(n) < len(timeUnitWords) {
		return timeUnitWords[n]
	}
	return ""
}

// PolicyWords returns the words of [Policy], for messages.
func PolicyWords() []string { return policyWords[1:] }

// SyncWords returns the words of [Sync].
func SyncWords() []string { return syncWords[1:] }

// FlexModeWords returns the words of [FlexMode].
func FlexModeWords() []string { return flexModeWords[1:] }

// ChecksumWords returns the words of [Checksum].
func ChecksumWords() []string { return checksumWords[1:] }

// ChecksumTypeWords returns the words of [ChecksumType].
func ChecksumTypeWords() []string { return checksumTypeWords[1:] }

// TimeUnitWords returns the units of time.
func TimeUnitWords() []string { return timeUnitWords[1:] }
