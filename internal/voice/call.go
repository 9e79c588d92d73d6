package voice

import (
	"context"
	"time"
)

// CallDirection says who began the call.
type CallDirection string

// The directions.
const (
	Inbound  CallDirection = "inbound"  // a SIP peer or browser called us
	Outbound CallDirection = "outbound" // we began the call, on an API's order
)

// CallInfo is what is known of a call when it arrives. From, FromName and
// anything else the caller sent are claims of the caller, not facts.
type CallInfo struct {
	ID        CallID
	Tenant    TenantID // "" until the dialled number has been found
	Direction CallDirection
	From      string // caller's number or address, as claimed or, behind Extension, as verified
	FromName  string
	To        string // what was dialled: the user part of the request URI
	ToDomain  string // host part of the request URI
	Trunk     TrunkID
	Extension string // short number of the authenticated extension that calls, or ""
	Source    string // network address of the peer, host:port
	Start     time.Time
	// FirstCalled is who was called first, and Diverted why the call was sent on from
	// there, in a word of RFC 5806: what a trunk that is trusted with identities says.
	FirstCalled string
	Diverted    string
	Tag         string // the client's own words for a call that it ordered
	Order       string // reference of the order that began the call, or ""
}

// Cause is why a leg ended or was not set up.
type Cause string

// The causes. sipua maps each to a SIP status and a Q.850 number.
const (
	CauseNormal       Cause = "normal"        // a party hung up
	CauseBusy         Cause = "busy"          // 486, 600
	CauseNoAnswer     Cause = "no answer"     // ring time over, 408, 480
	CauseRejected     Cause = "rejected"      // 603, 403, 401
	CauseNotFound     Cause = "not found"     // 404, 484, 604
	CauseUnavailable  Cause = "unavailable"   // no registration, no trunk, 5xx
	CauseCancelled    Cause = "cancelled"     // the caller gave up before the answer
	CausePolicy       Cause = "policy"        // our own rules forbid it
	CauseMedia        Cause = "media"         // no common codec, or the audio stopped
	CauseMaxDuration  Cause = "max duration"  // the time limit ended it
	CauseShutdown     Cause = "shutdown"      // this server is stopping
	CauseServerFailed Cause = "server failed" // this server ended without closing the call
	CauseFailed       Cause = "failed"        // anything else
)

// Noter takes facts about the call for its timeline. It never blocks; the call
// fills in its own ID, the sequence number and, when At is zero, the time.
type Noter interface {
	Note(e Event)
}

// Answerer answers the caller's leg. Answering twice does nothing.
type Answerer interface {
	Answer(ctx context.Context) error
}

// Ringer tells the caller that it rings (180), before Answer only.
type Ringer interface {
	Ring(ctx context.Context) error
}

// Waiter lets time pass on the call. It ends early with kind HungUp when the
// caller leaves. Digits pressed meanwhile are kept for the next gather.
type Waiter interface {
	Wait(ctx context.Context, d time.Duration) error
}

// Timer is the call's clock.
type Timer interface {
	// Now gives the call's time.
	Now() time.Time
	// Expire sets the time at which whatever the call does, except ringing and
	// talking, ends with an error of kind Expired; zero = never. It is reset when
	// it has been reported.
	Expire(at time.Time)
}

// Hanguper ends the call. Before the answer the caller gets the SIP status
// that belongs to the cause; after it BYE. Words go on the timeline.
type Hanguper interface {
	Hangup(ctx context.Context, cause Cause, words string) error
}
