package voice

import (
	"context"
	"time"
)

// WebSession is a log-in at the web app: a browser that has its cookie is the user.
type WebSession struct {
	ID      string // shown to its user; not secret
	Hash    string // SHA-256 of the cookie's value, in hexadecimal
	Tenant  TenantID
	User    UserID
	Created time.Time
	Expires time.Time
	Seen    time.Time // last use, to the minute
	Source  string    // address that it was begun from, without port; "" = unknown
	Agent   string    // what the browser calls itself, at most 200 characters
}

// SessionStore keeps log-ins. They end, too, when the user's password changes or is
// removed, and with the user.
type SessionStore interface {
	// CreateSession adds one; of its user's the newest most stay. NotExist when the user
	// is gone.
	CreateSession(ctx context.Context, s WebSession, most int) error
	// SessionByHash gives one that has not expired by now; NotExist when there is none.
	SessionByHash(ctx context.Context, hash string, now time.Time) (WebSession, error)
	// Sessions gives a user's that have not expired by now, the newest first.
	Sessions(ctx context.Context, t TenantID, u UserID, now time.Time) ([]WebSession, error)
	// MarkSessionSeen notes the last use.
	MarkSessionSeen(ctx context.Context, hash string, at time.Time) error
	// EndSessions ends a user's of the id only, or all when that is "", but never that of
	// the id but. It gives how many there were.
	EndSessions(ctx context.Context, t TenantID, u UserID, only, but string) (int, error)
}
