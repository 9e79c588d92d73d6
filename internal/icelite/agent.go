package icelite

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"net/netip"
	"time"
)

const (
	// MaxSources bounds the addresses of the peer that are remembered; the one
	// unheard of longest makes room.
	MaxSources = 8
	// ConsentTime is how long the peer's last check allows us to send to it (RFC 7675 §5.1).
	ConsentTime = 30 * time.Second
)

// Credentials are the user name fragment and password of one side (RFC 8445 §5.3).
type Credentials struct{ Ufrag, Pwd string }

// NewCredentials gives random ones, of 48 and 144 bits.
func NewCredentials() Credentials {
	var b [24]byte
	rand.Read(b[:]) // never fails since Go 1.24
	text := base64.StdEncoding.EncodeToString(b[:])
	return Credentials{Ufrag: text[:8], Pwd: text[8:]}
}

// Verdict says what a packet was.
type Verdict uint8

// The verdicts.
const (
	Refused   Verdict = iota // no check of our peer: ignore it
	Checked                  // a valid check of an address known before
	Learned                  // the first valid check from this address
	Nominated                // a valid check that makes its address the one to send to
)

// source is an address of the peer from which a valid check came.
type source struct {
	addr netip.AddrPort
	at   int64
}

// Agent answers the checks of one leg.
type Agent struct {
	user    string // that the peer's checks carry: our fragment, a colon, its own
	mac     hash.Hash
	sum     [macLen]byte
	head    [headerLen]byte
	out     answer
	sources [MaxSources]source
	n       int
	chosen  netip.AddrPort
	last    int64 // when the last valid check came
	checks  int64
	refused int64
}

// New makes an agent that knows both sides' credentials.
func New(local, remote Credentials) *Agent {
	a := &Agent{out: answer{b: make([]byte, 0, 128)}}
	a.Restart(local, remote)
	return a
}

// Restart takes new credentials (RFC 8445 §9). Addresses learned before stand
// until the peer chooses anew.
func (a *Agent) Restart(local, remote Credentials) {
	a.user = local.Ufrag + ":" + remote.Ufrag
	a.mac = hmac.New(sha1.New, []byte(local.Pwd))
}

// Handle judges a STUN packet that came from an address. The answer, if any, is
// to be sent there before the next call. now is in nanoseconds of any clock that
// goes on.
func (a *Agent) Handle(now int64, b []byte, from netip.AddrPort) ([]byte, Verdict) {
	m, ok := parse(b)
	if !ok || m.kind != bindingRequest || string(m.username) != a.user || !m.intact() || !a.authentic(&m) {
		a.refused++
		return nil, Refused
	}
	if m.unknowns > 0 {
		a.out.begin(bindingError, b)
		a.out.failed(codeUnknownAttribute)
		a.out.attribute(attrUnknown, 2*m.unknowns)
		for _, kind := range m.unknown[:m.unknowns] {
			a.out.b = binary.BigEndian.AppendUint16(a.out.b, kind)
		}
		if m.unknowns%2 != 0 {
			a.out.b = append(a.out.b, 0, 0)
		}
		return a.seal(), Refused
	}
	if m.controlled || !m.controlling {
		// A lite agent never controls: the peer has to (RFC 8445 §6.1.1, §7.3.1.1).
		a.out.begin(bindingError, b)
		a.out.failed(codeRoleConflict)
		return a.seal(), Refused
	}
	a.last = now
	a.checks++
	v := a.learn(now, from)
	if m.useCandidate && a.chosen != from {
		a.chosen, v = from, Nominated
	}
	a.out.begin(bindingSuccess, b)
	a.out.mapped(from)
	return a.seal(), v
}

// authentic checks MESSAGE-INTEGRITY, whose length field ends with itself.
func (a *Agent) authentic(m *message) bool {
	if m.integrity == 0 {
		return false
	}
	copy(a.head[:], m.raw)
	binary.BigEndian.PutUint16(a.head[2:], uint16(m.integrity+4+macLen-headerLen))
	a.mac.Reset()
	a.mac.Write(a.head[:])
	a.mac.Write(m.raw[headerLen:m.integrity])
	return subtle.ConstantTimeCompare(a.mac.Sum(a.sum[:0]), m.raw[m.integrity+4:m.integrity+4+macLen]) == 1
}

// seal ends an answer with MESSAGE-INTEGRITY and FINGERPRINT.
func (a *Agent) seal() []byte {
	o := &a.out
	o.length(4 + macLen)
	a.mac.Reset()
	a.mac.Write(o.b)
	sum := a.mac.Sum(a.sum[:0])
	o.attribute(attrIntegrity, macLen)
	o.b = append(o.b, sum...)
	o.length(8)
	crc := crc32.ChecksumIEEE(o.b) ^ crcMask
	o.attribute(attrFingerprint, 4)
	o.b = binary.BigEndian.AppendUint32(o.b, crc)
	return o.b
}

func (a *Agent) learn(now int64, from netip.AddrPort) Verdict {
	oldest := 0
	for i := range a.sources[:a.n] {
		s := &a.sources[i]
		if s.addr == from {
			s.at = now
			return Checked
		}
		if s.addr != a.chosen && (s.at < a.sources[oldest].at || a.sources[oldest].addr == a.chosen) {
			oldest = i
		}
	}
	if a.n < MaxSources {
		oldest = a.n
		a.n++
	}
	a.sources[oldest] = source{from, now}
	return Learned
}

// Knows reports whether a valid check came from an address: whatever else comes
// from it may be the peer's.
func (a *Agent) Knows(from netip.AddrPort) bool {
	for i := range a.sources[:a.n] {
		if a.sources[i].addr == from {
			return true
		}
	}
	return false
}

// Target is where to send: the address that the peer chose last; before that,
// the one whose check came last. Invalid when none came.
func (a *Agent) Target() netip.AddrPort {
	if a.chosen.IsValid() || a.n == 0 {
		return a.chosen
	}
	best := a.sources[0]
	for _, s := range a.sources[1:a.n] {
		if s.at > best.at {
			best = s
		}
	}
	return best.addr
}

// Consents reports whether the peer's last valid check is young enough to send to it.
func (a *Agent) Consents(now int64) bool {
	return a.checks > 0 && now-a.last < int64(ConsentTime)
}

// Checked is when the peer's last valid check came, on the clock of Handle; 0 = never.
func (a *Agent) Checked() int64 { return a.last }

// Counts gives how many checks were valid and how many STUN packets were not.
func (a *Agent) Counts() (checks, refused int64) { return a.checks, a.refused }
