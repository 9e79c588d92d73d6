package engine

import (
	"tandem/internal/offer"
	"tandem/internal/voice"
)

// watch takes what the peer changes within the call: hold, resume, a new
// address. It is told in the SIP stack's goroutine.
func (l *leg) watch(note func(voice.Event)) {
	l.dialog.OnReoffer(func(s *offer.Session) ([]byte, error) {
		sdp, e, err := l.reoffered(s)
		if e.Kind != "" {
			note(e)
		}
		return sdp, err
	})
	l.dialog.OnAnswer(func(s *offer.Session) {
		if e := l.reanswered(s); e.Kind != "" {
			note(e)
		}
	})
}

// reoffered answers a new offer; with none it makes ours, whose answer
// reanswered takes.
func (l *leg) reoffered(s *offer.Session) ([]byte, voice.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s == nil {
		return l.local.Offer(offer.SendRecv), voice.Event{}, nil
	}
	sdp, m, err := l.local.Answer(s)
	e, err := l.move(m, err)
	return sdp, e, err
}

func (l *leg) reanswered(s *offer.Session) voice.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, err := l.local.Accept(s)
	e, _ := l.move(m, err) // the event says it
	return e
}

// move changes the media and says what changed, if anything did. The caller
// holds l.mu.
func (l *leg) move(m offer.Media, err error) (voice.Event, error) {
	before := l.media
	if err == nil {
		err = l.agree(m)
	}
	e := voice.Event{Kind: voice.EventHold, Leg: l.id}
	switch {
	case err != nil:
		e.Kind, e.Text = voice.EventMedia, "new media was refused: "+err.Error()
	case m.Held() && !before.Held():
		e.Text = "put us on hold"
	case !m.Held() && before.Held():
		e.Text = "took us off hold"
	case m == before:
		return voice.Event{}, nil // a refresh of the session timer
	default:
		e.Kind, e.Text = voice.EventMedia, "changed its media: "+m.Codec.Name+" to "+m.Remote.String()
	}
	return e, err
}
