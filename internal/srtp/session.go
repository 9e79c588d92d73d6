package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/subtle"
	"encoding"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
)

const (
	block     = aes.BlockSize
	gcmTag    = 16
	reportTag = 10 // of SRTCP beside HMAC-SHA1, whatever that of SRTP
	authKey   = 20
	rounds    = 16 // blocks of key stream made at a time
)

// MostAdded is by how many octets a sealed packet is longer, at the most.
const MostAdded = gcmTag + wordLen

// profile is how packets are sealed.
type profile struct {
	key, salt int // octets of the master key and salt
	tag       int // octets of SRTP's tag
	aead      bool
}

// profileOf knows those spoken by the names of their registry (RFC 4568 §6.2, RFC 7714 §14.2).
func profileOf(name string) (profile, bool) {
	switch name {
	case "AES_CM_128_HMAC_SHA1_80":
		return profile{key: 16, salt: 14, tag: 10}, true
	case "AES_CM_128_HMAC_SHA1_32":
		return profile{key: 16, salt: 14, tag: 4}, true
	case "AEAD_AES_128_GCM":
		return profile{key: 16, salt: 12, tag: gcmTag, aead: true}, true
	case "AEAD_AES_256_GCM":
		return profile{key: 32, salt: 12, tag: gcmTag, aead: true}, true
	}
	return profile{}, false
}

// The labels of session keys (RFC 3711 §4.3.1, 4.3.2).
const (
	labelRTP  = 0
	labelRTCP = 3

	labelCipher = 0 // added to one of those above
	labelAuth   = 1
	labelSalt   = 2
)

// derive makes a session key of n octets, with a key derivation rate of 0 (RFC 3711
// §4.3.1; a salt of 96 bits is continued with zeroes, RFC 7714 §11).
func derive(master cipher.Block, salt []byte, label byte, n int) []byte {
	var x [block]byte
	copy(x[:], salt)
	x[7] ^= label
	out := make([]byte, (n+block-1)/block*block)
	for i := 0; i < n; i += block {
		binary.BigEndian.PutUint16(x[block-2:], uint16(i/block))
		master.Encrypt(out[i:i+block], x[:])
	}
	return out[:n]
}

// session is SRTP or SRTCP of one direction, with its session keys.
type session struct {
	counter cipher.Block // AES in counter mode, beside HMAC-SHA1; nil = aead
	aead    cipher.AEAD
	salt    [2]uint64 // where the vector has it
	tag     int
	first   source
	more    []source
	mac     mac
}

// newSessions makes those of a direction.
func newSessions(name string, key, salt []byte) (rtp, rtcp session, err error) {
	p, ok := profileOf(name)
	if !ok {
		return rtp, rtcp, fmt.Errorf("SRTP profile %.40q is not spoken", name)
	}
	if len(key) != p.key || len(salt) != p.salt {
		return rtp, rtcp, fmt.Errorf("SRTP with a key of %d and a salt of %d octets, want %d and %d", len(key), len(salt), p.key, p.salt)
	}
	master, err := aes.NewCipher(key)
	if err != nil {
		return rtp, rtcp, err
	}
	made := func(label byte, tag int) (session, error) {
		return newSession(p, tag, derive(master, salt, label+labelCipher, p.key), derive(master, salt, label+labelSalt, p.salt), derive(master, salt, label+labelAuth, authKey))
	}
	reports := reportTag
	if p.aead {
		reports = gcmTag
	}
	var errs [2]error
	rtp, errs[0] = made(labelRTP, p.tag)
	rtcp, errs[1] = made(labelRTCP, reports)
	return rtp, rtcp, errors.Join(errs[:]...)
}

func newSession(p profile, tag int, key, salt, auth []byte) (session, error) {
	s := session{tag: tag}
	var padded [block]byte
	copy(padded[:], salt)
	s.salt = [2]uint64{binary.BigEndian.Uint64(padded[:8]), binary.BigEndian.Uint64(padded[8:])}
	c, err := aes.NewCipher(key)
	if err != nil {
		return s, err
	}
	if p.aead {
		s.aead, err = cipher.NewGCM(c)
		return s, err
	}
	s.counter = c
	s.mac, err = newMAC(auth)
	return s, err
}

// mac is HMAC-SHA1 under one key (RFC 2104): what its two hashes are after their first block.
type mac struct{ inner, outer [stateLen]byte }

const stateLen = 96 // of a hash, as it is put away

func newMAC(key []byte) (m mac, err error) {
	for _, h := range []struct {
		pad byte
		to  *[stateLen]byte
	}{{0x36, &m.inner}, {0x5C, &m.outer}} {
		var first [sha1.BlockSize]byte
		copy(first[:], key)
		for i := range first {
			first[i] ^= h.pad
		}
		d := sha1.New()
		d.Write(first[:])
		state, err := d.(encoding.BinaryMarshaler).MarshalBinary()
		if err != nil {
			return m, err
		}
		if len(state) != stateLen {
			return m, fmt.Errorf("a state of SHA-1 of %d octets", len(state))
		}
		copy(h.to[:], state)
	}
	return m, nil
}

// Scratch is where packets are worked on; all that a goroutine seals and opens share
// one, which so stays in the processor's cache. The zero value is ready.
type Scratch struct {
	hash   digest
	vector [block]byte
	word   [wordLen]byte
	sum    [sha1.Size]byte
	stream [rounds * block]byte
}

// digest is a hash that can be set to a state.
type digest interface {
	hash.Hash
	encoding.BinaryUnmarshaler
}

// tag is the HMAC of two pieces; nil when there is none. It stands until the next.
func (w *Scratch) tag(m *mac, first, second []byte) []byte {
	if w.hash == nil {
		w.hash = sha1.New().(digest)
	}
	if w.hash.UnmarshalBinary(m.inner[:]) != nil {
		return nil
	}
	w.hash.Write(first)
	if len(second) > 0 {
		w.hash.Write(second)
	}
	sum := w.hash.Sum(w.sum[:0])
	if w.hash.UnmarshalBinary(m.outer[:]) != nil {
		return nil
	}
	w.hash.Write(sum)
	return w.hash.Sum(w.sum[:0])
}

// xor enciphers or deciphers src to dst with the key stream of a packet (RFC 3711 §4.1.1).
func (s *session) xor(w *Scratch, dst, src []byte, ssrc uint32, index uint64) {
	high, low := s.salt[0]^uint64(ssrc), s.salt[1]^index<<16
	for len(src) > 0 {
		n := min(len(src), len(w.stream))
		stream := w.stream[:(n+block-1)/block*block]
		// All counters first: a block that was only just written in halves is read slowly.
		for at := 0; at < len(stream); at += block {
			binary.BigEndian.PutUint64(stream[at:], high)
			binary.BigEndian.PutUint64(stream[at+8:], low)
			low++
		}
		for at := 0; at < len(stream); at += block {
			s.counter.Encrypt(stream[at:at+block], stream[at:at+block])
		}
		subtle.XORBytes(dst, src[:n], stream)
		dst, src = dst[n:], src[n:]
	}
}

// nonce is the vector of AES-GCM (RFC 7714 §8.1, 9.1). It stands until the next.
func (s *session) nonce(w *Scratch, ssrc uint32, index uint64) []byte {
	binary.BigEndian.PutUint64(w.vector[:], s.salt[0]^uint64(ssrc)<<16^index>>32)
	binary.BigEndian.PutUint32(w.vector[8:], uint32(s.salt[1]>>32)^uint32(index))
	return w.vector[:12]
}
