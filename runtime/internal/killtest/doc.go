// Package killtest holds the tests that kill a process after each single machine
// instruction of an operation on a block, and look at what it leaves.
//
// A child, which is the test binary itself, prepares an operation and stops. The
// test steps it through the operation under ptrace, one instruction at a time,
// kills it with SIGKILL after a certain number of them, and then does with the
// block what the survivors of a real crash would do: read on, take over, reclaim,
// lock, create again. For the next instruction there is a new child.
//
// A first walk, in which nobody is killed, finds how many instructions there are
// and after which of them the shared memory or the state of the kernel can have
// changed: those that stored something and those that are a system call. These are
// the states that a survivor can meet, and in each of them a child is killed. Short
// operations, and with -every all of them, are killed after every instruction.
package killtest
