package auth

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"tandem/internal/clock"
	"tandem/internal/voice"
)

// Bounds of what is written of refusals: in a span the first of each source, and one
// line of how many followed, for so many sources; what comes from others is one line.
const (
	refusalSpan    = 10 * time.Minute
	refusalSources = 50
)

// auditor keeps the audit log.
type auditor interface {
	AppendAudit(ctx context.Context, e voice.AuditEntry) error
}

// Refusals writes log-ins and credentials that were refused and are no account's into
// the server's own audit log: in full while they are few, summed up when they are many,
// so that a flood of them fills nothing. A nil Refusals writes nothing.
type Refusals struct {
	log   auditor
	clock clock.Clock

	mu     sync.Mutex
	began  time.Time // of the span
	open   map[refusal]int
	others int // refusals from sources that have no place in open
}

// refusal is what is summed up together.
type refusal struct {
	kind   string // "log-in" or "key"
	via    string
	source string
	reason string
}

// NewRefusals makes one with nothing counted yet. Whoever has it calls Flush from time to time.
func NewRefusals(log auditor, c clock.Clock) *Refusals {
	return &Refusals{log: log, clock: c, began: c.Now(), open: map[refusal]int{}}
}

// note takes a refusal down. kind is what was refused, name what it was tried under, via
// whose API it was when the context does not say, source the client's address, likewise.
// What is refused stays refused when it can't be written.
func (r *Refusals) note(ctx context.Context, kind, via, name, source, reason string) {
	if r == nil {
		return
	}
	if a, ok := voice.ActorOf(ctx); ok {
		via, source = a.Via, a.Source
	}
	k := refusal{kind, via, place(source), reason}
	now := r.clock.Now()
	_ = r.flush(ctx, now, false)
	r.mu.Lock()
	n, known := r.open[k]
	switch {
	case known:
		r.open[k] = n + 1
	case len(r.open) >= refusalSources:
		r.others++
	default:
		r.open[k] = 0
	}
	first := !known && len(r.open) <= refusalSources && r.others == 0
	r.mu.Unlock()
	if first {
		_ = r.log.AppendAudit(context.WithoutCancel(ctx), k.entry(now, shownName(name), 1))
	}
}

// Key takes down that a token was refused, for reason.
func (r *Refusals) Key(ctx context.Context, reason string) { r.note(ctx, "key", "", "", "", reason) }

// Flush writes how many refusals followed the first of each source, when the span is
// over; at the end of the server last is true, and it is written at once.
func (r *Refusals) Flush(ctx context.Context, last bool) error {
	return r.flush(ctx, r.clock.Now(), last)
}

func (r *Refusals) flush(ctx context.Context, now time.Time, last bool) error {
	r.mu.Lock()
	if !last && now.Sub(r.began) < refusalSpan {
		r.mu.Unlock()
		return nil
	}
	open, others := r.open, r.others
	r.began, r.open, r.others = now, map[refusal]int{}, 0
	r.mu.Unlock()
	var errs []error
	for k, n := range open {
		if n > 0 {
			errs = append(errs, r.log.AppendAudit(context.WithoutCancel(ctx), k.entry(now, "", n)))
		}
	}
	if others > 0 {
		k := refusal{kind: "log-in", reason: "from more than " + strconv.Itoa(refusalSources) + " addresses"}
		errs = append(errs, r.log.AppendAudit(context.WithoutCancel(ctx), k.entry(now, "", others)))
	}
	return errors.Join(errs...)
}

func (k refusal) entry(at time.Time, name string, n int) voice.AuditEntry {
	e := voice.AuditEntry{At: at, Actor: voice.Actor{Kind: voice.ActorUnknown, Via: k.via, Source: k.source}, Action: "refused", Kind: k.kind, Name: name,
		Changes: []voice.AuditChange{{Field: "reason", To: k.reason}}}
	if n > 1 || name == "" {
		e.Changes = append(e.Changes, voice.AuditChange{Field: "times", To: strconv.Itoa(n)})
	}
	return e
}

// shownName is a name that was tried, as it may be written down: people type their
// password into the wrong field, so only what looks like a name is.
func shownName(name string) string {
	if strings.Contains(name, "@") || name != "" && strings.Trim(name, "0123456789") == "" {
		return name
	}
	return ""
}
