package engine

import (
	"strings"
	"testing"

	"tandem/internal/offer"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// TestPolicies has keys in descriptions only where signalling is encrypted, a trunk that
// requires them called by nothing less, and a telephone's media secured as its extension says.
func TestPolicies(t *testing.T) {
	trunk := func(policy string) sipua.Peer {
		return sipua.Peer{Kind: sipua.PeerTrunk, Trunk: voice.Trunk{Name: "carrier", SRTP: policy}}
	}
	ext := func(policy string) sipua.Peer {
		return sipua.Peer{Kind: sipua.PeerExtension, Extension: voice.Extension{Number: "101", SRTP: policy}}
	}
	const tls, udp, page, telephone = true, false, true, false
	for name, c := range map[string]struct {
		peer            sipua.Peer
		secure, browser bool
		want            policy
		fails           bool
	}{
		"a telephone by TLS":              {ext(""), tls, telephone, policy{keys: offer.SRTPPreferred, telephone: true}, false},
		"a telephone by UDP":              {ext("preferred"), udp, telephone, policy{telephone: true}, false},
		"required of a telephone by TLS":  {ext("required"), tls, telephone, policy{keys: offer.SRTPPreferred, telephone: true, secured: true}, false},
		"required of a telephone by UDP":  {ext("required"), udp, telephone, policy{telephone: true, secured: true}, false},
		"off for a telephone by TLS":      {ext("off"), tls, telephone, policy{noDTLS: true}, false},
		"off for a browser":               {ext("off"), tls, page, policy{browser: true}, false},
		"required of a browser":           {ext("required"), tls, page, policy{keys: offer.SRTPPreferred, browser: true, telephone: true, secured: true}, false},
		"somebody by TLS":                 {sipua.Peer{}, tls, telephone, policy{keys: offer.SRTPPreferred}, false},
		"a trunk by TLS":                  {trunk(""), tls, telephone, policy{keys: offer.SRTPPreferred}, false},
		"a trunk without by TLS":          {trunk("off"), tls, telephone, policy{}, false},
		"a trunk that requires it":        {trunk("required"), tls, telephone, policy{keys: offer.SRTPRequired}, false},
		"a trunk that requires it by UDP": {trunk("required"), udp, telephone, policy{}, true},
		"a trunk by UDP, preferred":       {trunk("preferred"), udp, telephone, policy{}, false},
	} {
		got, err := policyOf(c.secure, c.peer, c.browser)
		if (err != nil) != c.fails || err != nil && !strings.Contains(err.Error(), "SRTP is required of trunk carrier") {
			t.Errorf("%s: %v", name, err)
		}
		if !c.fails && got != c.want {
			t.Errorf("%s: %+v, not %+v", name, got, c.want)
		}
	}
	l := &offer.Local{Fingerprint: offer.Fingerprint{Hash: "sha-256"}}
	policy{noDTLS: true}.apply(l)
	if l.Fingerprint.Hash != "" {
		t.Error("DTLS is spoken by who has it off")
	}
}
