// Package explore tries the slot protocol in every order of steps. It runs the
// code of package slot itself, built with the tag datahub_explore, in which every
// access of a shared word, a lock and a sleep is a step: after each one another
// process may go on, or the process may be killed.
//
// Small worlds are explored whole, depth first; a state that was met before is not
// followed again. Larger ones are walked at random from a seed. In each world the
// readers check what they get (whole, in order, nothing lost or twice where that
// is promised), and when nobody can go on any more it is checked that somebody
// new can: that nobody sleeps in vain and that the next producer can commit.
//
// Mutants, the same code with one step of the protocol left out, must be caught.
package explore
