// Package recovery finds out what is wrong with a block, and mends what may be
// mended, for tools and for people who look after a system.
//
// A program that only exchanges values needs none of it: the writer frees the
// places of dead consumers, a new producer goes on where a dead one stopped, and
// consumers are told. What is here does the same by hand, shows what is there, and
// takes what only a person may decide.
//
// # Targets
//
// A target is the name of a channel, or the path of a dump file: one that has a
// folder in it or ends in .dhdump, see [segment.IsDump]. Of a dump everything can be asked;
// nothing can be changed.
//
// # Rules
//
// Who only asks changes no byte: [Open] maps both files read-only and takes no lock.
//
// Who is alive is told by the locks and by nothing else. Process numbers,
// heartbeats and what /proc says are shown, for people, and decide nothing.
//
// Nothing of a live participant is touched without [Options.Force]. A repair is
// done under the lock of the dead, on the mapped bytes; no block is made anew, and
// what is corrupt stays as it is and is reported: no checksum is ever written.
// Every action may be repeated, or be done by the next one if its process is
// killed; it is logged, and counted in the block (repairs, see
// [datablock.Metrics]).
package recovery
