package rtpport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"tandem/internal/dtlssrtp"
)

const (
	replayWindow = 128 // packets
	maxTag       = 20  // octets that SRTP and SRTCP add at the most
	maxSources   = 64  // SSRCs of a peer under one key, for SRTP and SRTCP each
)

// profiles are those spoken, by the names of their registry (RFC 4568 §6.2, RFC 7714 §14.2).
var profiles = map[string]srtp.ProtectionProfile{
	dtlssrtp.AES128SHA180:     srtp.ProtectionProfileAes128CmHmacSha1_80,
	"AES_CM_128_HMAC_SHA1_32": srtp.ProtectionProfileAes128CmHmacSha1_32,
	dtlssrtp.AES128GCM:        srtp.ProtectionProfileAeadAes128Gcm,
	"AEAD_AES_256_GCM":        srtp.ProtectionProfileAeadAes256Gcm,
}

// crypt seals and opens the packets of one stream (RFC 3711). It belongs to the
// shard's thread.
type crypt struct {
	keys    dtlssrtp.Keys
	out, in *srtp.Context
	// before opens what was sealed with the key before this, until the first packet
	// that was sealed with this; nil = none.
	before *srtp.Context
	// carried is in with the rollover counter of before, for peers that keep theirs when
	// the key changes; nil = it is known which holds.
	carried       *srtp.Context
	sources       int // SSRCs that in has heard of
	reportSources int // the same of SRTCP
	rtp           rtp.Header
	rtcp          rtcp.Header
}

func newCrypt(k dtlssrtp.Keys) (*crypt, error) {
	profile, ok := profiles[k.Profile]
	if !ok {
		return nil, fmt.Errorf("SRTP profile %.40q is not spoken", k.Profile)
	}
	if bytes.Equal(k.LocalKey, k.RemoteKey) && bytes.Equal(k.LocalSalt, k.RemoteSalt) {
		return nil, errors.New("SRTP with one key for both directions") // RFC 3711 §9.1: a two-time pad
	}
	out, err := srtp.CreateContext(k.LocalKey, k.LocalSalt, profile)
	if err != nil {
		return nil, fmt.Errorf("SRTP that is sent: %w", err)
	}
	c := &crypt{keys: k, out: out}
	for _, in := range []**srtp.Context{&c.in, &c.carried} {
		*in, err = srtp.CreateContext(k.RemoteKey, k.RemoteSalt, profile, srtp.SRTPReplayProtection(replayWindow), srtp.SRTCPReplayProtection(replayWindow))
		if err != nil {
			return nil, fmt.Errorf("SRTP that is received: %w", err)
		}
	}
	return c, nil
}

// sendsLike and hearsLike say whether a direction's key is the same.
func (c *crypt) sendsLike(d *crypt) bool {
	return c.keys.Profile == d.keys.Profile && bytes.Equal(c.keys.LocalKey, d.keys.LocalKey) && bytes.Equal(c.keys.LocalSalt, d.keys.LocalSalt)
}

func (c *crypt) hearsLike(d *crypt) bool {
	return c.keys.Profile == d.keys.Profile && bytes.Equal(c.keys.RemoteKey, d.keys.RemoteKey) && bytes.Equal(c.keys.RemoteSalt, d.keys.RemoteSalt)
}

// seal gives the packet as it is sent, in buf; nil when it can't be.
func (c *crypt) seal(buf, plain []byte, control bool) []byte {
	var sealed []byte
	var err error
	if control {
		sealed, err = c.out.EncryptRTCP(buf[:0], plain, &c.rtcp)
	} else {
		sealed, err = c.out.EncryptRTP(buf[:0], plain, &c.rtp)
	}
	if err != nil {
		return nil
	}
	return sealed
}

// open gives a packet of the peer in buf; nil when it is not authentic, or was there
// before. What is not authentic changes nothing.
func (c *crypt) open(buf, sealed []byte, control bool) []byte {
	if len(sealed) < headerLen {
		return nil
	}
	heard, ssrc := &c.sources, sealed[8:]
	if control {
		heard, ssrc = &c.reportSources, sealed[4:]
	}
	fresh := c.fresh(binary.BigEndian.Uint32(ssrc), control)
	if fresh && *heard >= maxSources {
		return nil
	}
	plain := c.unseal(c.in, buf, sealed, control)
	if plain == nil && c.before != nil {
		if plain = c.unseal(c.before, buf, sealed, control); plain != nil {
			return plain
		}
		if c.carried == nil || control {
			return nil
		}
		if plain = c.unseal(c.carried, buf, sealed, control); plain != nil {
			c.in = c.carried
		}
	}
	if plain == nil {
		return nil
	}
	if fresh {
		*heard++
	}
	if !control {
		c.before, c.carried = nil, nil
	}
	return plain
}

func (c *crypt) unseal(in *srtp.Context, buf, sealed []byte, control bool) []byte {
	var plain []byte
	var err error
	if control {
		plain, err = in.DecryptRTCP(buf[:0], sealed, &c.rtcp)
	} else {
		plain, err = in.DecryptRTP(buf[:0], sealed, &c.rtp)
	}
	if err != nil {
		return nil
	}
	return plain
}

// fresh says whether nothing was opened of a source yet: the memory that each takes
// is bounded.
func (c *crypt) fresh(ssrc uint32, control bool) bool {
	known := false
	if control {
		_, known = c.in.Index(ssrc)
	} else {
		_, known = c.in.ROC(ssrc)
	}
	return !known
}

// keysOf makes what the keys of params are for, off the shard's thread. What secures
// a port does not change its kind, nor does it end.
func (p *Port) keysOf(params *Params) (*crypt, error) {
	switch {
	case params.Keys == nil && p.keyed.Load():
		return nil, errors.New("start media: a secure stream does not become plain")
	case params.Keys == nil:
		return nil, nil
	case params.DTLS != nil:
		return nil, errors.New("start media: keys beside a handshake that makes others")
	}
	c, err := newCrypt(*params.Keys)
	if err != nil {
		return nil, fmt.Errorf("start media: %w", err)
	}
	p.keyed.Store(true)
	return c, nil
}

// rekey takes new keys. A direction with the same key goes on, for its packets are
// counted by it. With a new key ours becomes a new stream: whether a rollover counter
// outlives a key is read both ways (RFC 3711 §3.3.1, RFC 4568 §7.1.4), that of a new
// stream is 0 for everybody.
func (p *Port) rekey(c *crypt) {
	was := p.guard.crypt
	p.guard.crypt = c
	if was == nil {
		return
	}
	if c.sendsLike(was) {
		c.out = was.out
	} else {
		p.ssrc, p.seq, p.marker = rand.Uint32(), firstSeq(), true
	}
	if c.hearsLike(was) {
		c.in, c.before, c.carried = was.in, was.before, was.carried
		c.sources, c.reportSources = was.sources, was.reportSources
		return
	}
	c.before = was.in
	if roc, ok := was.in.ROC(p.rx.ssrc); ok && roc > 0 {
		c.carried.SetROC(p.rx.ssrc, roc)
	} else {
		c.carried = nil
	}
}

// firstSeq is where the sequence numbers of a stream begin: in the lower half, so that
// no early loss makes the peer miss the first rollover (RFC 3711 §3.3.1).
func firstSeq() uint16 { return uint16(rand.Uint32N(1 << 15)) }

// steady says whether the kernel may drop what comes from elsewhere: no handshake and no
// check is to be expected from another address.
func (p *Port) steady() bool {
	return p.guard == nil || p.guard.ice == nil && p.params.DTLS == nil
}
