package offer

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// SRTP says whether media may or has to be secured by keys in the descriptions
// themselves (SDES, RFC 4568). That is for signalling that nobody else reads.
type SRTP string

// The policies. What was secured once stays so, whatever they say.
const (
	SRTPOff       SRTP = ""          // not spoken: neither offered nor taken
	SRTPPreferred SRTP = "preferred" // where the peer does it
	SRTPRequired  SRTP = "required"  // or there is no call
)

// The suites that are spoken, best first. That with a tag of 32 bits is not: it was made
// for radio, and whoever has it has one of these.
const (
	suiteGCM = "AEAD_AES_128_GCM"        // RFC 7714
	suiteCM  = "AES_CM_128_HMAC_SHA1_80" // RFC 4568
)

var suites = []string{suiteGCM, suiteCM}

// keyOctets is how long key and salt of a suite are together; 0 = it is not spoken.
func keyOctets(suite string) int {
	switch suite {
	case suiteGCM:
		return 16 + 12
	case suiteCM:
		return 16 + 14
	}
	return 0
}

// Crypto is what both sides agreed on by SDES; zero = nothing.
type Crypto struct {
	Suite         string // as in SDP, which is the name of the SRTP profile
	Local, Remote string // key of 16 octets and salt, of what we send and of what the peer sends
}

// Used says whether media is secured so.
func (c Crypto) Used() bool { return c.Suite != "" }

// Bounds of a=crypto lines.
const (
	maxCryptos  = 16
	maxTag      = 9 // digits
	leastPacket = 1 << 20
)

// cryptoLine is an a=crypto that can be used.
type cryptoLine struct {
	tag, suite, key string
}

func isSDES(proto string) bool { return proto == "RTP/SAVP" || proto == "RTP/SAVPF" }

// crypto keeps an a=crypto of the line, if it can be used: of a suite that is spoken,
// with one key, without MKI and parameters that weaken it.
func (l *line) crypto(arg string) {
	f := strings.Fields(arg)
	if len(f) < 3 || len(l.cryptos) >= maxCryptos {
		return
	}
	if n, err := strconv.ParseUint(f[0], 10, 32); err != nil || n == 0 || len(f[0]) > maxTag {
		return
	}
	suite := strings.ToUpper(f[1])
	method, value, _ := strings.Cut(f[2], ":")
	text, rest, _ := strings.Cut(value, "|")
	if !strings.EqualFold(method, "inline") || strings.Contains(value, ";") || strings.Contains(rest, ":") || !lastsLong(rest) {
		return
	}
	for _, p := range f[3:] {
		if !strings.HasPrefix(strings.ToUpper(p), "WSH=") { // the others weaken it, or ask for what is not done
			return
		}
	}
	key, err := base64.RawStdEncoding.Strict().DecodeString(strings.TrimRight(text, "="))
	if err != nil || len(key) != keyOctets(suite) || len(key) == 0 {
		return
	}
	for _, c := range l.cryptos {
		if c.tag == f[0] {
			return
		}
	}
	l.cryptos = append(l.cryptos, cryptoLine{f[0], suite, string(key)})
}

// lastsLong says whether a lifetime in packets, "2^20" or "1048576", is enough for a
// long call: keys are not changed within one.
func lastsLong(text string) bool {
	if text == "" {
		return true
	}
	if power, ok := strings.CutPrefix(text, "2^"); ok {
		n, err := strconv.ParseUint(power, 10, 8)
		return err == nil && n >= 20 && n <= 48
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return err == nil && n >= leastPacket
}

// settleSDES agrees on keys. Answering, we take the best suite that is offered; an
// answer has to be of one that we offered.
func (l *Local) settleSDES(r *line, answering bool) (Crypto, error) {
	was := l.crypto.Used()
	switch {
	case isDTLS(r.proto) && was:
		return Crypto{}, unacceptable("the media of this call is secured by SDES and stays so")
	case isDTLS(r.proto), l.dtls.Used():
		return Crypto{}, nil
	case !answering && l.lines == nil && isSDES(l.profile()) && r.bestCrypto().suite == "":
		return Crypto{}, unacceptable("the answer is of plain media, and secured media was offered")
	case isSDES(r.proto) && l.SRTP == SRTPOff && !was:
		return Crypto{}, unacceptable("media is to be secured by keys in the signalling (SDES), which is not encrypted, or may not by its policy")
	}
	var took cryptoLine
	if l.SRTP != SRTPOff || was {
		took = r.bestCrypto()
	}
	if took.suite == "" {
		switch {
		case was:
			return Crypto{}, unacceptable("the media of this call is secured by SDES and stays so")
		case isSDES(r.proto), l.SRTP == SRTPRequired:
			return Crypto{}, unacceptable("media has to be secured, and there is no a=crypto that can be used")
		}
		return Crypto{}, nil
	}
	if !answering && l.offered[took.tag] != took.suite {
		return Crypto{}, unacceptable("the answer is of an a=crypto that was not offered")
	}
	c := Crypto{Suite: took.suite, Local: l.key(took.suite), Remote: took.key}
	if c.Local == c.Remote {
		return Crypto{}, unacceptable("the peer's key is a copy of ours")
	}
	l.crypto, l.tag = c, took.tag
	return c, nil
}

// bestCrypto gives the a=crypto of the best suite, the first of several.
func (l *line) bestCrypto() cryptoLine {
	for _, suite := range suites {
		for _, c := range l.cryptos {
			if c.suite == suite {
				return c
			}
		}
	}
	return cryptoLine{}
}

// key gives our key and salt of a suite, always the same in one call.
func (l *Local) key(suite string) string {
	if l.keys[suite] == "" {
		if l.keys == nil {
			l.keys = map[string]string{}
		}
		b := make([]byte, keyOctets(suite))
		rand.Read(b) // never fails since Go 1.24
		l.keys[suite] = string(b)
	}
	return l.keys[suite]
}

// offersKeys says whether an offer of the line holds keys: the first offer as policy
// has it, further ones where keys were agreed on.
func (l *Local) offersKeys(r *line) bool {
	return !isDTLS(r.proto) && (l.crypto.Used() || l.lines == nil && l.SRTP != SRTPOff)
}

// offerKeys writes our a=crypto lines of an offer.
func (l *Local) offerKeys(b *strings.Builder) {
	l.offered = map[string]string{}
	for i, suite := range suites {
		if l.crypto.Used() && suite != l.crypto.Suite {
			continue
		}
		tag := strconv.Itoa(i + 1)
		l.offered[tag] = suite
		l.writeKey(b, tag, suite)
	}
}

func (l *Local) writeKey(b *strings.Builder, tag, suite string) {
	fmt.Fprintf(b, "a=crypto:%s %s inline:%s\r\n", tag, suite, base64.StdEncoding.EncodeToString([]byte(l.key(suite))))
}

// choose gives the line that is taken: by SDES where keys may be agreed on so.
func (s *Session) choose(keys bool) int {
	if keys && s.sdes >= 0 && (s.usable < 0 || !isDTLS(s.media[s.usable].proto)) || s.usable < 0 {
		return s.sdes
	}
	return s.usable
}

// Usable says why there is no line that could be taken, nil when there is one. keys says
// whether the signalling may hold keys. Errors wrap ErrUnacceptable.
func (s *Session) Usable(keys bool) error {
	if _, err := s.Preview(); err != nil {
		return err
	}
	if !keys && s.usable < 0 {
		return unacceptable("media is to be secured by keys in the signalling (SDES), which is not encrypted")
	}
	return nil
}
