// Package segment makes, finds, checks and removes blocks. A block is a folder
// with three files: data, which the producer writes and consumers map read-only;
// control, which all write; and lock, whose bytes are locked to show who is
// alive. What happens inside is package slot's business: a [Segment] hands it the
// memory ([Segment.Memory]) and the system ([Segment.Host]).
//
// A block is made aside and appears under its name in one step, whole and with
// its producer's lock held. Whoever dies on the way leaves a folder that nobody
// sees and that the next [Create] sweeps away. A block whose producer died is
// taken over by the next one. One that does not fit is refused, with an error
// that says which fields differ, or replaced by a successor if that was asked
// for; its consumers learn of it and attach again.
//
// Nothing that stands in a file is believed before it was checked, and what was
// checked is never read again: headers and descriptors are copied into private
// memory first.
package segment
