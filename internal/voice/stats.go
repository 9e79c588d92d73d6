package voice

import (
	"context"
	"time"
)

// CallSpan says which calls of an account are counted: those that began at or
// after From and before To. Zero fields of the others do not narrow it.
type CallSpan struct {
	Tenant   TenantID
	From, To time.Time
	App      AppID  // answered first by it
	Number   string // from it or to it
}

// CallGroup is what calls are counted by.
type CallGroup string

// The groups.
const (
	CallsInAll     CallGroup = ""        // one count; its key is ""
	CallsByReason  CallGroup = "reason"  // EndReason; "" = the call is up
	CallsByApp     CallGroup = "app"     // AppID of the app that answered first; "" = none
	CallsByNumber  CallGroup = "number"  // the account's side: who was called of incoming calls, who called of others
	CallsByQuarter CallGroup = "quarter" // quarters of an hour since 1970 in UTC, in decimal; every time zone's hours are made of them
)

// CallCount is how many calls there were of one group, and how long they were
// from the answer to the end. Calls that are up have no length yet.
type CallCount struct {
	Key             string
	Calls, Answered int64
	Talk            time.Duration // of all together
	Median, P95     time.Duration // of those that were answered and are over (nearest rank); 0 = none
}

// CallCounter counts calls where they are stored.
type CallCounter interface {
	// CountCalls gives the groups with most calls first, at most limit of them.
	CountCalls(ctx context.Context, s CallSpan, by CallGroup, limit int) ([]CallCount, error)
}
