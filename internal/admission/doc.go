// Package admission decides which SIP requests that begin something are let in
// when there may be more of them than the machine can carry.
//
// A Controller is told several times a second how the machine is: how late the
// media threads begin their turns, how much of the processors the process uses,
// how long set-ups wait, how much is not stored yet, and how many more calls the
// media threads can carry. While nothing of it presses, everything is let in.
// When something does, requests are let in at a rate that is lowered while it
// presses and raised when it doesn't, slowly near the rate at which it last did
// (additive increase, multiplicative decrease, with a band between two marks in
// which the rate stays). Calls that would end in a full wheel are held back
// before it is full, at the pace at which room is left.
//
// What is let in is shared: callers that are known before others, and among each
// no source gets more than an equal share while others want theirs. Calls come
// before registrations, those before the rest. Who is refused is told when to
// come again, later the more there is refused, and each another time.
//
// It knows nothing of SIP and starts no goroutine; all of it may be used by many
// at once. Requests within dialogs are never asked about.
package admission
