// Package shm is the platform under a block: folders and files that cannot be
// swapped under one's feet, mappings, locks that tell who is alive, and sleeping
// on a word of shared memory. It knows nothing of headers or slots.
//
// What the systems offer:
//
//	         folders change places by   alive is shown by             a sleeper waits on
//	Linux    renameat2                  OFD lock per byte             futex
//	macOS    renameatx_np               flock, a file per participant __ulock, shared form
//	FreeBSD  a file named current       flock, a file per participant _umtx_op; capped back-off where the mapping is read-only
//	Windows  a file named current       LockFileEx per byte           named event per word
//
// A [Dir], a [File], a [Mapping] and [Locks] hold descriptors and must be
// closed; no finalizer does it. Their methods may be called concurrently, except
// Close.
package shm
