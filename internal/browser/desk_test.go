package browser_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tandem/internal/browser"
	"tandem/internal/offer"
	"tandem/internal/voice"
)

var (
	anna = browser.Owner{Tenant: "1", User: "anna"}
	bob  = browser.Owner{Tenant: "1", User: "bob"}
	here = netip.MustParseAddr("127.0.0.1")
)

func open(t *testing.T, d *browser.Desk, o browser.Owner) *browser.Page {
	t.Helper()
	p, err := d.Open(o, here)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rung rings a page and gives what comes of it.
func rung(ctx context.Context, t *testing.T, p *browser.Page, accept func(*offer.Session) error) (*browser.Line, <-chan error) {
	t.Helper()
	l, err := p.Ring("call", browser.Invitation{From: "101", To: "extension 102"})
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() { result <- l.Invite(ctx, []byte("our offer"), accept) }()
	m := <-p.Messages()
	if m.Offer != "our offer" || m.Stage != browser.Ringing || m.Outgoing || m.From != "101" || m.Call != "call" || m.ID != l.ID() {
		t.Fatalf("the page is told %+v", m)
	}
	return l, result
}

// A page that rings may answer once, anew after an answer that can't be taken, and not
// after it was withdrawn.
func TestRing(t *testing.T) {
	d := browser.New(time.Now)
	p := open(t, d, anna)
	bad := errors.New("no codec")
	good := func(*offer.Session) error { return nil }

	tries := 0
	l, result := rung(t.Context(), t, p, func(*offer.Session) error {
		if tries++; tries == 1 {
			return bad
		}
		return nil
	})
	if err := l.Take(nil); !errors.Is(err, bad) {
		t.Errorf("an answer that can't be taken: %v", err)
	}
	if err := l.Take(nil); err != nil {
		t.Errorf("a better one: %v", err)
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
	if m := <-p.Messages(); m.Stage != browser.Up || m.Offer != "" {
		t.Errorf("the page is told %+v", m)
	}
	if err := l.Take(nil); !voice.IsKind(err, voice.Conflict) {
		t.Errorf("answered twice: %v", err)
	}
	l.Leave()
	if m := <-p.Messages(); m.Stage != browser.Over || m.Words != "hung up in the browser" || l.Reason() != voice.EndCallerHungUp {
		t.Errorf("the page is told %+v", m)
	}

	l, result = rung(t.Context(), t, p, good)
	l.Leave()
	if r, ok := errors.AsType[*browser.Refusal](<-result); !ok || r.Cause != voice.CauseRejected {
		t.Errorf("declined: %v", r)
	}
	<-p.Messages()

	ctx, cancel := context.WithCancelCause(t.Context())
	l, result = rung(ctx, t, p, good)
	elsewhere := errors.New("elsewhere")
	cancel(elsewhere)
	if err := <-result; !errors.Is(err, elsewhere) {
		t.Errorf("withdrawn: %v", err)
	}
	if err := l.Take(nil); !voice.IsKind(err, voice.Conflict) {
		t.Errorf("answered too late: %v", err)
	}

	_, result = rung(t.Context(), t, p, good)
	p.Close()
	if r, ok := errors.AsType[*browser.Refusal](<-result); !ok || r.Cause != voice.CauseUnavailable || !strings.Contains(r.Words, "closed") {
		t.Errorf("closed: %v", r)
	}
	if _, err := p.Ring("call", browser.Invitation{}); !voice.IsKind(err, voice.HungUp) {
		t.Errorf("a closed page is rung: %v", err)
	}
}

// What one user may have is bounded, another's is not touched, and what has ended is
// forgotten.
func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := browser.New(time.Now)
		for range browser.MaxPagesUser {
			open(t, d, anna)
		}
		if _, err := d.Open(anna, here); !voice.IsKind(err, voice.Limit) {
			t.Errorf("one page too many: %v", err)
		}
		other := open(t, d, bob)
		var l *browser.Line
		for range browser.MaxCallsUser {
			var err error
			if l, err = d.Begin(anna, "", here, &offer.Session{}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.Begin(anna, "", here, &offer.Session{}); !voice.IsKind(err, voice.Limit) {
			t.Errorf("one call too many: %v", err)
		}
		if _, err := d.Line(bob, l.ID()); !voice.IsKind(err, voice.NotExist) {
			t.Errorf("another's call: %v", err)
		}
		l.Leave()
		if s := l.State(); s.Cause != voice.CauseCancelled || len(d.Lines(anna)) != browser.MaxCallsUser-1 {
			t.Errorf("after the end: %+v", s)
		}
		for range browser.MaxPerMinute - browser.MaxCallsUser {
			l, err := d.Begin(anna, "", here, &offer.Session{})
			if err != nil {
				t.Fatal(err)
			}
			l.Leave()
		}
		if _, err := d.Begin(anna, "", here, &offer.Session{}); !voice.IsKind(err, voice.Limit) || !strings.Contains(voice.Reason(err), "minute") {
			t.Errorf("too many in a minute: %v", err)
		}
		if _, err := d.Line(anna, l.ID()); err != nil {
			t.Errorf("why it ended can't be read: %v", err)
		}
		time.Sleep(2 * time.Minute)
		if _, err := d.Begin(anna, "", here, &offer.Session{}); err != nil {
			t.Errorf("a minute later: %v", err)
		}
		if _, err := d.Line(anna, l.ID()); !voice.IsKind(err, voice.NotExist) {
			t.Errorf("a call is remembered for ever: %v", err)
		}
		if told := len(other.Messages()); told != 0 {
			t.Errorf("another's page is told %d times", told)
		}
		for range 100 { // a page that reads nothing
			if l, err := d.Begin(bob, other.ID(), here, &offer.Session{}); err == nil {
				_ = l.Ring()
				l.Leave()
			}
			time.Sleep(3 * time.Second)
		}
		if !strings.Contains(other.Why(), "faster than") || len(d.Pages(bob)) != 0 {
			t.Errorf("a page that does not read is kept: %q", other.Why())
		}
		d.Close()
		if _, err := d.Open(bob, here); !voice.IsKind(err, voice.Unavailable) {
			t.Errorf("opened after the end: %v", err)
		}
	})
}
