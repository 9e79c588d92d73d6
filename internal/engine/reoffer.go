package engine

import (
	"tandem/internal/offer"
	"tandem/internal/voice"
)

// watch takes what the peer changes within the call: hold, resume, a new
// address, and its wish to have the call transferred. It is told in the SIP
// stack's goroutine.
func (s *side) watch() {
	s.sip.OnRefer(s.referred)
	s.sip.OnReoffer(func(new *offer.Session) ([]byte, error) {
		sdp, e, err := s.reoffered(new)
		if e.Kind != "" {
			s.note(e)
		}
		return sdp, err
	})
	s.sip.OnAnswer(func(new *offer.Session) {
		if e := s.reanswered(new); e.Kind != "" {
			s.note(e)
		}
	})
}

// reoffered answers a new offer; with none it makes ours, whose answer
// reanswered takes.
func (s *side) reoffered(new *offer.Session) ([]byte, voice.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if new == nil {
		return s.local.Offer(offer.SendRecv), voice.Event{}, nil
	}
	s.suit(new)
	sdp, m, err := s.local.Answer(new)
	e, err := s.move(m, err)
	return sdp, e, err
}

func (s *side) reanswered(new *offer.Session) voice.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.local.Accept(new)
	e, _ := s.move(m, err) // the event says it
	return e
}

// move changes the media and says what changed, if anything did. The caller
// holds s.mu.
func (s *side) move(m offer.Media, err error) (voice.Event, error) {
	before := s.media
	if err == nil {
		err = s.agree(m)
	}
	e := voice.Event{Kind: voice.EventHold}
	switch {
	case err != nil:
		e.Kind, e.Text = voice.EventMedia, "new media was refused: "+err.Error()
	case m.Held() && !before.Held():
		e.Text = "put us on hold"
	case !m.Held() && before.Held():
		e.Text = "took us off hold"
	case m == before:
		return voice.Event{}, nil // a refresh of the session timer
	case m.ICE != before.ICE && m.ICE != (offer.ICE{}):
		e.Kind, e.Text = voice.EventMedia, "begins ICE anew, with "+m.Codec.Name
	default:
		e.Kind, e.Text = voice.EventMedia, "changed its media: "+m.Codec.Name+" to "+m.Remote.String()
	}
	return e, err
}
