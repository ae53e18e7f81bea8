// Package word gives access to words that several processes share: atomic words
// at byte offsets of a region of memory that somebody else mapped or allocated.
//
// Loads and stores of U32 and U64 are sequentially consistent among themselves,
// as those of sync/atomic are; on amd64 a store is an exchange, on arm64 a store
// with release and a load with acquire semantics that do not pass each other.
// The slot protocol relies on exactly that.
//
// With the build tag datahub_explore the words are of an instrumented type of
// the same size and place: each access of shared memory asks a hook first. The
// explorer of the slot protocol schedules and kills processes there. Without the
// tag U32 and U64 are the types of sync/atomic themselves and nothing is added.
package word
