package flow

import (
	"tandem/internal/voice"
)

// Command is an order to a live call, whose program the call's own run carries
// out. Commands of one call are carried out in the order in which they came.
type Command struct {
	Mode voice.CommandMode // "" = next
	// At takes the command only while the call waits in the Await of that name, and
	// no other command has been taken since; "" = whatever the call does.
	At string
	// Program is run as a subflow: when it is over without hanging up, the flow goes
	// on, after a step that was broken off by that step's usual way on. Its nodes may
	// Return.
	Program *Program
	// Replace gives the present flow up for the program.
	Replace bool
	// Last lets the call take no command after this one.
	Last bool
	// Key makes the order be carried out once: a command with the key of an earlier
	// one of the call does nothing. "" = none.
	Key  string
	Text string // in words, for the timeline
	// Data is noted with the order, and is part of what is known of the call
	// afterwards; its keys begin with the dialect's name: "hoiio.tag".
	Data map[string]string
}
