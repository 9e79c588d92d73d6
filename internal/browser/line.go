package browser

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"tandem/internal/offer"
	"tandem/internal/voice"
)

// Stage is where a line stands.
type Stage string

// The stages.
const (
	Ringing Stage = "ringing" // the page's user, or whom the page calls, has not answered
	Up      Stage = "up"
	Over    Stage = "over"
)

// Invitation is what a page is told of who calls.
type Invitation struct {
	From     string // the caller's number, as claimed; "" = not shown
	FromName string
	To       string // who is called, in words
}

// State is where a line stands, and why.
type State struct {
	ID       string
	Call     voice.CallID // that the line began in
	Outgoing bool         // the page began it
	Stage    Stage
	Since    time.Time // of the line
	Invitation
	Cause voice.Cause // of the end
	Words string
}

// Line is a page's side of a call, from the offer until the end.
type Line struct {
	desk    *Desk
	id      string
	owner   Owner
	page    *Page // that alone is told; nil = every page of the owner
	addr    netip.Addr
	out     bool
	since   time.Time
	offered *offer.Session // of a page that calls
	in      Invitation     // of one that is called
	done    chan struct{}
	yes     chan struct{} // closed when the page has answered

	mu     sync.Mutex
	call   voice.CallID
	state  Stage
	accept func(*offer.Session) error // takes the page's answer; nil = none is wanted now
	why    voice.EndReason
	cause  voice.Cause
	words  string

	at atomic.Int64 // when it ended, in microseconds; 0 = it has not
}

func newLine(d *Desk, o Owner, addr netip.Addr) *Line {
	return &Line{desk: d, id: voice.NewID(""), owner: o, addr: addr.Unmap(), since: d.now(),
		done: make(chan struct{}), yes: make(chan struct{})}
}

// ID names the line.
func (l *Line) ID() string { return l.id }

// Owner is whose it is.
func (l *Line) Owner() Owner { return l.owner }

// PeerAddr is where the page's requests come from.
func (l *Line) PeerAddr() netip.Addr { return l.addr }

// Offer is what a page that calls has offered; nil for one that is called.
func (l *Line) Offer() *offer.Session { return l.offered }

// In says in which call the line begins.
func (l *Line) In(id voice.CallID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.call = id
}

// Ring tells the page that it rings at the other end.
func (l *Line) Ring() error {
	l.tell("")
	return nil
}

// EarlyMedia does nothing: the page has our answer from the beginning.
func (l *Line) EarlyMedia([]byte) error { return nil }

// Answer tells the page that its call is answered; it has the description already.
func (l *Line) Answer([]byte) error {
	l.mu.Lock()
	if l.state == Over {
		l.mu.Unlock()
		return voice.Errorf(op, voice.HungUp, "%s", l.words)
	}
	l.state = Up
	l.mu.Unlock()
	l.tell("")
	return nil
}

// Invite rings the page with our offer until it answers, declines or goes, or ctx
// ends. accept takes the answer, in another goroutine; its error is the page's, which
// may answer anew. The error is a *Refusal, or the cause of ctx.
func (l *Line) Invite(ctx context.Context, sdp []byte, accept func(*offer.Session) error) error {
	l.mu.Lock()
	l.accept = accept
	l.mu.Unlock()
	if !l.tell(string(sdp)) {
		return &Refusal{voice.CauseUnavailable, "the page in the browser was closed"}
	}
	select {
	case <-l.yes:
		return nil
	case <-l.done:
	case <-ctx.Done():
		if l.withdraw() {
			return nil // answered in the same instant
		}
		return context.Cause(ctx)
	}
	cause, words := l.Cause()
	return &Refusal{cause, words}
}

// withdraw takes no answer any more; true when there was one before.
func (l *Line) withdraw() (answered bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accept = nil
	return l.state == Up
}

// Take takes the answer of a page that rings. Conflict when none is wanted: the line
// is over, or was answered.
func (l *Line) Take(answer *offer.Session) error {
	l.mu.Lock()
	accept, words := l.accept, l.words
	l.accept = nil
	stage := l.state
	l.mu.Unlock()
	switch {
	case stage == Over:
		return voice.Errorf(op, voice.Conflict, "it rings no more: %s", words)
	case accept == nil:
		return voice.Errorf(op, voice.Conflict, "the call waits for no answer")
	}
	if err := accept(answer); err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.state != Ringing {
			return voice.Errorf(op, voice.Conflict, "it rings no more: %s", l.words)
		}
		l.accept = accept
		return err
	}
	l.mu.Lock()
	if l.state != Ringing {
		words = l.words
		l.mu.Unlock()
		return voice.Errorf(op, voice.Conflict, "it rings no more: %s", words)
	}
	l.state = Up
	close(l.yes)
	l.mu.Unlock()
	l.tell("")
	return nil
}

// Done closes when the line is over.
func (l *Line) Done() <-chan struct{} { return l.done }

// Cause says why it is over; "" while it is not.
func (l *Line) Cause() (voice.Cause, string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause, l.words
}

// Reason says what ended the line, where the line itself knows it.
func (l *Line) Reason() voice.EndReason {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.why
}

// HangupFor ends the line, by whichever side: the first reason stands. why is ""
// where whoever ends it knows it.
func (l *Line) HangupFor(why voice.EndReason, cause voice.Cause, words string) {
	l.mu.Lock()
	if !l.end(why, cause, words) {
		l.mu.Unlock()
		return
	}
	l.mu.Unlock()
	l.tell("")
}

// Leave ends the line because the page's user hangs up, or declines.
func (l *Line) Leave() {
	switch s := l.State(); {
	case s.Stage == Ringing && !s.Outgoing:
		l.HangupFor("", voice.CauseRejected, "declined in the browser")
	case s.Stage == Ringing:
		l.HangupFor(voice.EndCallerGaveUp, voice.CauseCancelled, "hung up in the browser before the answer")
	default:
		l.HangupFor(voice.EndCallerHungUp, voice.CauseNormal, "hung up in the browser")
	}
}

// unanswered ends a line that rings yet.
func (l *Line) unanswered(cause voice.Cause, words string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == Ringing {
		l.end("", cause, words)
	}
}

// end is HangupFor without a word to the page. The caller holds l.mu.
func (l *Line) end(why voice.EndReason, cause voice.Cause, words string) bool {
	if l.state == Over {
		return false
	}
	l.state, l.why, l.cause, l.words, l.accept = Over, why, cause, words, nil
	l.at.Store(l.desk.now().UnixMicro())
	close(l.done)
	return true
}

// State gives where the line stands.
func (l *Line) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return State{ID: l.id, Call: l.call, Outgoing: l.out, Stage: l.state, Since: l.since, Invitation: l.in, Cause: l.cause, Words: l.words}
}

// tell tells the pages where the line stands; false when none took it.
func (l *Line) tell(sdp string) bool {
	m := Message{l.State(), sdp}
	heard := false
	for _, p := range l.desk.told(l) {
		heard = p.tell(m) || heard
	}
	return heard
}

// over is when the line ended, in microseconds; 0 when it has not.
func (l *Line) over() int64 { return l.at.Load() }

func (l *Line) ended() bool { return l.over() != 0 }

// Refusal says why a page did not answer.
type Refusal struct {
	Cause voice.Cause
	Words string
}

func (r *Refusal) Error() string { return r.Words }
