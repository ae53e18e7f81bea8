package main

//go:generate go tool blds-gen

// Command is one order to the machines. Each machine gets every command, in the
// order they were given.
//
//blds:schema id=examples.commands.Command version=1.0.0
//blds:channel policy=ring capacity=16 sync=sync_readers consumers=3 page=4k timestamp=on
type Command struct {
	// Number counts the commands, from 1.
	Number uint64
	// Position to move to. Only a move has one.
	Position float64 `blds:"unit=mm,optional"`
	Action   Action
	Present  uint32 `blds:"presence"`
}

// Action is what to do.
//
//blds:enum
type Action uint32

// The actions.
const (
	ActionStop Action = 0
	ActionHome Action = 1
	ActionMove Action = 2
)
