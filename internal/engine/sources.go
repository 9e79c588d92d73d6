package engine

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"tandem/internal/offer"
	"tandem/internal/voice"
)

// strayPackets is how many packets of others on a media port are worth a word.
const strayPackets = 50

// sources notes on the timeline whose packets the media takes for the party's, where
// signalling did not name that address, and who tries to speak in the party's stead.
func (s *side) sources() {
	peer, copier := s.port.Peer(), s.port.Copier()
	s.mu.Lock()
	moved := peer.IsValid() && peer != s.heardFrom
	if moved {
		s.heardFrom = peer
	}
	described := s.media.Remote
	alarm := copier.IsValid() && !s.alarmed
	s.alarmed = s.alarmed || alarm
	s.mu.Unlock()
	if moved && peer != described {
		words := fmt.Sprintf("audio comes from %v, which the party did not name", peer)
		if described.IsValid() {
			words = fmt.Sprintf("audio comes from %v and not from %v as described (a NAT?): ours goes there", peer, described)
		}
		s.note(voice.Event{Kind: voice.EventMedia, Text: words, Data: map[string]string{"source": peer.String()}})
	}
	if alarm {
		s.note(voice.Event{Kind: voice.EventMedia, Data: map[string]string{"alarm": "copied stream", "source": copier.String()},
			Text: fmt.Sprintf("alarm: %v sends packets in the stream that comes from %v; they are ignored", copier, peer)})
	}
}

// stray notes that others sent to the party's media port, when its media is over.
func (s *side) stray(packets int64) {
	if packets >= strayPackets {
		s.note(voice.Event{Kind: voice.EventMedia, Data: map[string]string{"stray": fmt.Sprint(packets)},
			Text: fmt.Sprintf("%d packets of others came to its media port and were ignored", packets)})
	}
}

// mayBeStranger says whether the party's audio may come from a host that nothing
// names: behind a NAT with signalling through a proxy, it does.
func (s *side) mayBeStranger(m offer.Media) bool {
	a := m.Remote.Addr()
	return s.sip != nil && s.sip.Proxied() && (!a.IsValid() || !public(a))
}

const (
	openWait = 500 * time.Millisecond // for the first audio from behind a NAT
	openLook = 5 * time.Millisecond
)

// opens waits until a party behind a NAT is known to be reached: what it would hear
// before, the first word, goes nowhere.
func (l *leg) opens(ctx context.Context, m offer.Media) {
	a := m.Remote.Addr()
	if !a.IsValid() || public(a) || a.IsLoopback() || a == l.dialog.PeerAddr() || !m.Receives() || !m.MaySend() {
		return
	}
	limit, tick := time.NewTimer(openWait), time.NewTicker(openLook)
	defer limit.Stop()
	defer tick.Stop()
	for !l.port.Peer().IsValid() {
		select {
		case <-tick.C:
		case <-limit.C:
			return
		case <-l.Done():
			return
		case <-ctx.Done():
			return
		}
	}
}

// carrierGrade is RFC 6598.
var carrierGrade = netip.MustParsePrefix("100.64.0.0/10")

// public says whether an address is one that no NAT stands before.
func public(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !carrierGrade.Contains(a)
}

// suit makes our description one of the address family of the peer's, where the two
// differ: signalling over IPv6 may be about audio over IPv4. The caller holds s.mu.
func (s *side) suit(theirs *offer.Session) {
	m, err := theirs.Preview()
	a := m.Remote.Addr()
	if err != nil || !a.IsValid() || a.Is4() == s.local.Addr.Addr().Is4() {
		return
	}
	own := s.at.Load().call.e.addrs.towards(a)
	s.local.Addr = netip.AddrPortFrom(own, s.local.Addr.Port())
}
