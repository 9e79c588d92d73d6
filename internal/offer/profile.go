package offer

import "slices"

// The profiles of a line that we offer. Where keys may be in descriptions, plain media is
// offered with keys, of which the peer may take note or not.
const (
	profilePlain    = "RTP/AVP"
	profileKeys     = "RTP/SAVP"
	profileFeedback = "RTP/SAVPF" // the same to telephones that name it so alone (RFC 5124)
	profileDTLS     = "UDP/TLS/RTP/SAVPF"
)

// profiles are those that a peer may be offered in its first offer, in order: each next one
// when the peer has refused the one before.
func (l *Local) profiles() []string {
	if l.Browser {
		return []string{profileDTLS}
	}
	var all []string
	if l.SRTP != SRTPRequired && !l.Secured {
		all = append(all, profilePlain)
	}
	if l.SRTP != SRTPOff {
		all = append(all, profileKeys)
	}
	if l.Telephone && l.SRTP != SRTPOff {
		all = append(all, profileFeedback)
	}
	if l.Telephone && l.Fingerprint.Hash != "" {
		all = append(all, profileDTLS)
	}
	if at := slices.Index(all, l.First); at > 0 {
		all = append([]string{l.First}, slices.Delete(all, at, at+1)...)
	}
	return all
}

// Offered gives the profile of our first offer, to be First of another call with the
// same peer.
func (l *Local) Offered() string { return l.profile() }

// profile is that of our first offer.
func (l *Local) profile() string {
	if l.offering == "" {
		l.offering = profilePlain // refused by the policy that nothing can be offered by
		if all := l.profiles(); len(all) > 0 {
			l.offering = all[0]
		}
	}
	return l.offering
}

// Next makes the first offer, when it is made once more, one of the next profile that
// policy allows: a peer that takes another alone has refused this one. It gives that in
// words, "" when there is no other.
func (l *Local) Next() string {
	if l.lines != nil {
		return ""
	}
	all := l.profiles()
	at := slices.Index(all, l.profile()) + 1
	if at == 0 || at == len(all) {
		return ""
	}
	l.offering = all[at]
	switch l.offering {
	case profilePlain:
		return "media that is not secured"
	case profileKeys:
		return "media secured by keys in the signalling alone"
	case profileFeedback:
		return "the same with feedback (" + profileFeedback + ")"
	}
	return "media secured by DTLS"
}

// offersDTLS says whether our first offer was of DTLS.
func (l *Local) offersDTLS() bool { return l.lines == nil && l.profile() == profileDTLS }
