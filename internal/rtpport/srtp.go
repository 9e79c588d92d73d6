package rtpport

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"

	"tandem/internal/dtlssrtp"
	"tandem/internal/srtp"
)

// crypt seals and opens the packets of one stream (RFC 3711). It belongs to the
// shard's thread.
type crypt struct {
	out *srtp.Sender
	in  *srtp.Receiver
	// before opens what was sealed with the key before this, until the first packet
	// that was sealed with this; nil = none.
	before *srtp.Receiver
	// carried is the rollover counter of heard under the key before, for peers that keep
	// theirs when the key changes; 0 = it is none that must be tried.
	carried, heard uint32
	keys           dtlssrtp.Keys
}

func newCrypt(k dtlssrtp.Keys) (*crypt, error) {
	if bytes.Equal(k.LocalKey, k.RemoteKey) && bytes.Equal(k.LocalSalt, k.RemoteSalt) {
		return nil, errors.New("SRTP with one key for both directions") // RFC 3711 §9.1: a two-time pad
	}
	out, err := srtp.NewSender(k.Profile, k.LocalKey, k.LocalSalt)
	if err != nil {
		return nil, fmt.Errorf("SRTP that is sent: %w", err)
	}
	in, err := srtp.NewReceiver(k.Profile, k.RemoteKey, k.RemoteSalt)
	if err != nil {
		return nil, fmt.Errorf("SRTP that is received: %w", err)
	}
	return &crypt{keys: k, out: out, in: in}, nil
}

// sendsLike and hearsLike say whether a direction's key is the same.
func (c *crypt) sendsLike(d *crypt) bool {
	return c.keys.Profile == d.keys.Profile && bytes.Equal(c.keys.LocalKey, d.keys.LocalKey) && bytes.Equal(c.keys.LocalSalt, d.keys.LocalSalt)
}

func (c *crypt) hearsLike(d *crypt) bool {
	return c.keys.Profile == d.keys.Profile && bytes.Equal(c.keys.RemoteKey, d.keys.RemoteKey) && bytes.Equal(c.keys.RemoteSalt, d.keys.RemoteSalt)
}

// seal gives the packet as it is sent, in buf; nil when it can't be.
func (c *crypt) seal(w *srtp.Scratch, buf, plain []byte, control bool) []byte {
	if control {
		return c.out.RTCP(w, buf, plain)
	}
	return c.out.RTP(w, buf, plain)
}

// open gives a packet of the peer in buf; nil when it is not authentic, or was there
// before. What is not authentic changes nothing.
func (c *crypt) open(w *srtp.Scratch, buf, sealed []byte, control bool) []byte {
	if control {
		plain := c.in.RTCP(w, buf, sealed)
		if plain == nil && c.before != nil {
			plain = c.before.RTCP(w, buf, sealed)
		}
		return plain
	}
	plain := c.in.RTP(w, buf, sealed)
	if c.before == nil {
		return plain
	}
	if plain == nil {
		if plain = c.before.RTP(w, buf, sealed); plain != nil {
			return plain
		}
		if c.carried != 0 && c.in.SetRollover(c.heard, c.carried) {
			if plain = c.in.RTP(w, buf, sealed); plain == nil {
				c.in.SetRollover(c.heard, 0)
			}
		}
	}
	if plain != nil {
		c.before, c.carried = nil, 0
	}
	return plain
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
		c.in, c.before, c.carried, c.heard = was.in, was.before, was.carried, was.heard
		return
	}
	c.before, c.heard = was.in, p.rx.ssrc
	c.carried, _ = was.in.Rollover(c.heard)
}

// firstSeq is where the sequence numbers of a stream begin: in the lower half, so that
// no early loss makes the peer miss the first rollover (RFC 3711 §3.3.1).
func firstSeq() uint16 { return uint16(rand.Uint32N(1 << 15)) }

// steady says whether the kernel may drop what comes from elsewhere: no handshake and no
// check is to be expected from another address.
func (p *Port) steady() bool {
	return p.guard == nil || p.guard.ice == nil && p.params.DTLS == nil
}
