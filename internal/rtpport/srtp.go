package rtpport

import (
	"fmt"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"tandem/internal/dtlssrtp"
)

const (
	replayWindow = 128 // packets
	maxTag       = 20  // octets that SRTP and SRTCP add at the most
)

// crypt seals and opens the packets of one stream (RFC 3711). It belongs to the
// shard's thread.
type crypt struct {
	out, in *srtp.Context
	rtp     rtp.Header
	rtcp    rtcp.Header
}

func newCrypt(k dtlssrtp.Keys) (*crypt, error) {
	profile := srtp.ProtectionProfileAes128CmHmacSha1_80
	if k.Profile == dtlssrtp.AES128GCM {
		profile = srtp.ProtectionProfileAeadAes128Gcm
	}
	out, err := srtp.CreateContext(k.LocalKey, k.LocalSalt, profile)
	if err != nil {
		return nil, fmt.Errorf("SRTP that is sent: %w", err)
	}
	in, err := srtp.CreateContext(k.RemoteKey, k.RemoteSalt, profile, srtp.SRTPReplayProtection(replayWindow), srtp.SRTCPReplayProtection(replayWindow))
	if err != nil {
		return nil, fmt.Errorf("SRTP that is received: %w", err)
	}
	return &crypt{out: out, in: in}, nil
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
// before.
func (c *crypt) open(buf, sealed []byte, control bool) []byte {
	var plain []byte
	var err error
	if control {
		plain, err = c.in.DecryptRTCP(buf[:0], sealed, &c.rtcp)
	} else {
		plain, err = c.in.DecryptRTP(buf[:0], sealed, &c.rtp)
	}
	if err != nil {
		return nil
	}
	return plain
}
