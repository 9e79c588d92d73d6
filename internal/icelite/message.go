package icelite

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
)

// STUN (RFC 8489) as far as connectivity checks use it.
const (
	headerLen   = 20
	magicCookie = 0x2112A442
	macLen      = 20
	crcMask     = 0x5354554E
	maxUnknown  = 8 // unknown attributes that an answer lists

	bindingRequest = 0x0001
	bindingSuccess = 0x0101
	bindingError   = 0x0111

	attrUsername         = 0x0006
	attrIntegrity        = 0x0008
	attrErrorCode        = 0x0009
	attrUnknown          = 0x000A
	attrRealm            = 0x0014
	attrNonce            = 0x0015
	attrXORMappedAddress = 0x0020
	attrPriority         = 0x0024
	attrUseCandidate     = 0x0025
	attrFingerprint      = 0x8028
	attrControlled       = 0x8029
	attrControlling      = 0x802A

	codeUnknownAttribute = 420
	codeRoleConflict     = 487
)

// IsSTUN reports whether a packet of a media port is STUN and no RTP, RTCP or
// DTLS (RFC 7983 §7).
func IsSTUN(b []byte) bool {
	return len(b) >= headerLen && b[0] < 4 && binary.BigEndian.Uint32(b[4:]) == magicCookie
}

// message is a STUN message in its packet.
type message struct {
	raw                     []byte
	kind                    uint16
	username                []byte
	integrity               int // where the attribute begins; 0 = there is none
	fingerprint             int
	useCandidate            bool
	controlled, controlling bool
	unknown                 [maxUnknown]uint16 // attributes that must be understood and are not
	unknowns                int
}

// parse reads a message; false when it is none, or none that RFC 8489 §5 allows.
func parse(b []byte) (message, bool) {
	m := message{raw: b}
	if !IsSTUN(b) || len(b)%4 != 0 || int(binary.BigEndian.Uint16(b[2:])) != len(b)-headerLen {
		return m, false
	}
	m.kind = binary.BigEndian.Uint16(b)
	for at := headerLen; at < len(b); {
		if m.fingerprint != 0 {
			return m, false // it is the last, RFC 8489 §14.7
		}
		kind, n := binary.BigEndian.Uint16(b[at:]), int(binary.BigEndian.Uint16(b[at+2:]))
		end := at + 4 + n + -n&3
		if end > len(b) || !m.attribute(kind, at, b[at+4:at+4+n]) {
			return m, false
		}
		at = end
	}
	return m, true
}

// attribute takes one attribute. What stands between MESSAGE-INTEGRITY and
// FINGERPRINT is not protected and does not count (RFC 8489 §14.5).
func (m *message) attribute(kind uint16, at int, value []byte) bool {
	if m.integrity != 0 && kind != attrFingerprint {
		return true
	}
	switch kind {
	case attrUsername:
		if m.username != nil || len(value) == 0 {
			return false
		}
		m.username = value
	case attrIntegrity:
		m.integrity = at
		return len(value) == macLen
	case attrFingerprint:
		m.fingerprint = at
		return len(value) == 4
	case attrUseCandidate:
		m.useCandidate = true
		return len(value) == 0
	case attrControlled:
		m.controlled = true
		return len(value) == 8
	case attrControlling:
		m.controlling = true
		return len(value) == 8
	case attrPriority:
		return len(value) == 4
	case attrRealm, attrNonce, attrXORMappedAddress, attrErrorCode, attrUnknown:
	default:
		if kind < 0x8000 && m.unknowns < maxUnknown {
			m.unknown[m.unknowns] = kind
			m.unknowns++
		}
	}
	return true
}

// intact checks the FINGERPRINT.
func (m *message) intact() bool {
	return m.fingerprint != 0 && binary.BigEndian.Uint32(m.raw[m.fingerprint+4:]) == crc32.ChecksumIEEE(m.raw[:m.fingerprint])^crcMask
}

// answer writes responses into a buffer of its owner.
type answer struct{ b []byte }

func (a *answer) begin(kind uint16, request []byte) {
	a.b = binary.BigEndian.AppendUint16(a.b[:0], kind)
	a.b = append(a.b, 0, 0)
	a.b = append(a.b, request[4:headerLen]...)
}

func (a *answer) attribute(kind uint16, n int) {
	a.b = binary.BigEndian.AppendUint16(a.b, kind)
	a.b = binary.BigEndian.AppendUint16(a.b, uint16(n))
}

// mapped writes XOR-MAPPED-ADDRESS (RFC 8489 §14.2).
func (a *answer) mapped(from netip.AddrPort) {
	addr := from.Addr().Unmap()
	n, family := 20, byte(2)
	if addr.Is4() {
		n, family = 8, 1
	}
	a.attribute(attrXORMappedAddress, n)
	a.b = append(a.b, 0, family)
	a.b = binary.BigEndian.AppendUint16(a.b, from.Port()^magicCookie>>16)
	at := len(a.b)
	if addr.Is4() {
		ip := addr.As4()
		a.b = append(a.b, ip[:]...)
	} else {
		ip := addr.As16()
		a.b = append(a.b, ip[:]...)
	}
	for i := range a.b[at:] {
		a.b[at+i] ^= a.b[4+i] // the cookie, then the transaction id
	}
}

// failed writes ERROR-CODE without a reason phrase.
func (a *answer) failed(code int) {
	a.attribute(attrErrorCode, 4)
	a.b = append(a.b, 0, 0, byte(code/100), byte(code%100))
}

// length sets the header's length as if n more octets followed.
func (a *answer) length(n int) {
	binary.BigEndian.PutUint16(a.b[2:], uint16(len(a.b)-headerLen+n))
}
