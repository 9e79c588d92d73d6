// Package icetest makes the STUN checks of a full ICE agent, right ones and wrong
// ones, for tests of whoever answers them. It shares no code with package icelite.
package icetest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"hash/crc32"
)

// Check is a connectivity check (RFC 8445 §7.2.2).
type Check struct {
	User, Pwd     string // USERNAME whole, and the password of who is asked
	ID            byte   // fills the transaction id
	Nominate      bool   // USE-CANDIDATE
	Controlled    bool   // the sender says that it is controlled
	NoIntegrity   bool
	NoFingerprint bool
	Unknown       []uint16 // more attributes, empty ones
}

// Bytes gives the packet.
func (c Check) Bytes() []byte {
	b := []byte{0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42}
	for range 12 {
		b = append(b, c.ID)
	}
	b = attribute(b, 0x0006, []byte(c.User))
	b = attribute(b, 0x0024, []byte{0x6E, 0, 1, 0xFF})
	role := uint16(0x802A)
	if c.Controlled {
		role = 0x8029
	}
	b = attribute(b, role, make([]byte, 8))
	if c.Nominate {
		b = attribute(b, 0x0025, nil)
	}
	for _, kind := range c.Unknown {
		b = attribute(b, kind, nil)
	}
	return Seal(b, c.Pwd, !c.NoIntegrity, !c.NoFingerprint)
}

// Seal sets the length of a message and ends it with MESSAGE-INTEGRITY and
// FINGERPRINT.
func Seal(b []byte, pwd string, integrity, fingerprint bool) []byte {
	length := func(more int) { binary.BigEndian.PutUint16(b[2:], uint16(len(b)-20+more)) }
	length(0)
	if integrity {
		length(24)
		mac := hmac.New(sha1.New, []byte(pwd))
		mac.Write(b)
		b = attribute(b, 0x0008, mac.Sum(nil))
	}
	if fingerprint {
		length(8)
		b = attribute(b, 0x8028, binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)^0x5354554E))
	}
	return b
}

func attribute(b []byte, kind uint16, value []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}
