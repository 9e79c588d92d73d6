package voice

import (
	"context"
	"sync"
	"time"
)

// ActorKind is what sort of somebody did something.
type ActorKind string

// The kinds of actors.
const (
	ActorUser       ActorKind = "user"       // a person, logged in at the web app
	ActorKey        ActorKind = "key"        // a key of the native API
	ActorCredential ActorKind = "credential" // of a vendor's API
	ActorHost       ActorKind = "host"       // the command line on the server's host
	ActorUnknown    ActorKind = "unknown"    // nobody that we know: a log-in that failed
)

// Actor is who does something, by which way and from where.
type Actor struct {
	Kind   ActorKind
	ID     string // of the user or credential; "" = none
	Name   string
	Via    string // "page", "api", a vendor's name, "cli"
	Source string // the client's address without port; "" = this host
}

// AuditChange is one field of an object before and after.
type AuditChange struct {
	Field string `json:"field"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// AuditEntry is one line of an account's audit log: who did what to which object.
// Secrets never stand in it.
type AuditEntry struct {
	ID      string // set by the store
	Tenant  TenantID
	At      time.Time
	Actor   Actor
	Action  string // past tense: "created", "changed", "deleted", "logged in"
	Kind    string // of the object: "user", "number"
	Object  string // its id
	Name    string // what people call it
	Changes []AuditChange

	// The account's entries are a chain; the store sets these, see ChainHash.
	Number int64  // place in the chain, from 1
	Prev   string // Hash of the entry before; "" = it is the first
	Hash   string
}

// AuditHead is where an account's chain of entries begins and ends.
type AuditHead struct {
	Tenant TenantID // "" = the server's own log
	Number int64    // of the last entry; 0 = there was none yet
	Hash   string   // of the last entry
	// What the first entry that is kept follows: the last of those that their age or
	// number has removed. 0 and "" when none was.
	AnchorNumber int64
	AnchorHash   string
}

// AuditPlace is a place in an account's chain: behind the entry of that number and id.
type AuditPlace struct {
	Number int64
	ID     string
}

// AuditFilter chooses entries of an account; zero fields choose all.
type AuditFilter struct {
	Tenant   TenantID
	After    time.Time // at or after
	Before   time.Time // strictly before
	Action   string
	Kind     string
	Object   string
	Actor    string // id or name of the actor
	Search   string // part of the actor's, the object's or its name, without regard to case
	BeforeID string // with Before: entries of that very moment with lesser ids follow
	Limit    int
}

// AuditStore keeps the audit log. Entries are never changed.
type AuditStore interface {
	// AppendAudit adds an entry to the chain of its account, or of the server when it
	// names none.
	AppendAudit(ctx context.Context, e AuditEntry) error
	// Audit gives entries, the newest first.
	Audit(ctx context.Context, f AuditFilter) ([]AuditEntry, error)
	// ExpireAudit removes entries from before at, and the oldest of accounts that
	// have more than most, from the beginning of each chain on. What is kept follows
	// the anchor that it leaves.
	ExpireAudit(ctx context.Context, at time.Time, most int) error
}

// AuditChainStore gives the audit log as it is chained, for those who check it.
type AuditChainStore interface {
	// AuditHead gives where an account's chain begins and ends; zero when there is none.
	AuditHead(ctx context.Context, t TenantID) (AuditHead, error)
	// AuditHeads gives those of all accounts that have entries, and of the server.
	AuditHeads(ctx context.Context) ([]AuditHead, error)
	// AuditChain gives at most limit entries behind a place, by number and id.
	AuditChain(ctx context.Context, t TenantID, behind AuditPlace, limit int) ([]AuditEntry, error)
}

type actingKey struct{}

// acting is who a request comes from; it becomes known while the request is served.
type acting struct {
	mu sync.Mutex
	a  Actor
}

// Acting begins an act of somebody: whatever is stored under the context that it gives
// is noted in the audit log as done by a, unless ActsAs says later who it is.
func Acting(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actingKey{}, &acting{a: a})
}

// ActsAs says who acts, as soon as that is known: the first word counts, but that a
// credential is a user's or a key is said after it. Where no act was begun it does nothing.
func ActsAs(ctx context.Context, kind ActorKind, id, name string) {
	v, ok := ctx.Value(actingKey{}).(*acting)
	if !ok {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.a.Kind == ActorUnknown || v.a.Kind == ActorCredential && kind != ActorCredential {
		v.a.Kind, v.a.ID, v.a.Name = kind, id, name
	}
}

// ActorOf gives who acts; false when the server itself does.
func ActorOf(ctx context.Context) (Actor, bool) {
	v, ok := ctx.Value(actingKey{}).(*acting)
	if !ok {
		return Actor{}, false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.a, true
}
