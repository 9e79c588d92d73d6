package srtp_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	pion "github.com/pion/srtp/v3"

	"tandem/internal/srtp"
)

type profile struct {
	of        pion.ProtectionProfile
	key, salt int
}

var profiles = map[string]profile{
	"AES_CM_128_HMAC_SHA1_80": {pion.ProtectionProfileAes128CmHmacSha1_80, 16, 14},
	"AES_CM_128_HMAC_SHA1_32": {pion.ProtectionProfileAes128CmHmacSha1_32, 16, 14},
	"AEAD_AES_128_GCM":        {pion.ProtectionProfileAeadAes128Gcm, 16, 12},
	"AEAD_AES_256_GCM":        {pion.ProtectionProfileAeadAes256Gcm, 32, 12},
}

type keySet struct{ key, salt []byte }

func newKeys(p profile) keySet {
	k := keySet{make([]byte, p.key), make([]byte, p.salt)}
	rand.Read(k.key)
	rand.Read(k.salt)
	return k
}

// pair makes both ends of one direction.
func pair(t testing.TB, name string, k keySet) (*srtp.Sender, *srtp.Receiver) {
	t.Helper()
	out, err := srtp.NewSender(name, k.key, k.salt)
	if err != nil {
		t.Fatal(err)
	}
	in, err := srtp.NewReceiver(name, k.key, k.salt)
	if err != nil {
		t.Fatal(err)
	}
	return out, in
}

// pionPair makes the same of another implementation.
func pionPair(t testing.TB, p profile, k keySet) (out, in *pion.Context) {
	t.Helper()
	out, err := pion.CreateContext(k.key, k.salt, p.of)
	if err != nil {
		t.Fatal(err)
	}
	in, err = pion.CreateContext(k.key, k.salt, p.of, pion.SRTPReplayProtection(128), pion.SRTCPReplayProtection(128))
	if err != nil {
		t.Fatal(err)
	}
	return out, in
}

func packet(seq uint16, ssrc uint32, payload []byte) []byte {
	be := binary.BigEndian
	b := be.AppendUint16([]byte{0x80, 0}, seq)
	b = be.AppendUint32(b, uint32(seq)*160)
	return append(be.AppendUint32(b, ssrc), payload...)
}

func report(ssrc uint32, payload []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0x80, 200, 0, 6}, ssrc), payload...)
}

func octets(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RFC 3711 appendix B.2.
func TestKeyStreamOfTheRFC(t *testing.T) {
	stream, err := srtp.Stream(octets(t, "2B7E151628AED2A6ABF7158809CF4F3C"), octets(t, "F0F1F2F3F4F5F6F7F8F9FAFBFCFD"), 0, 0, 0xFF02*16)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[int]string{
		0:      "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0",
		0xFEFF: "EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE 6A2CC3787889374FBEB4C81B17BA6C44",
	} {
		w := octets(t, want)
		if got := stream[at*16 : at*16+len(w)]; !bytes.Equal(got, w) {
			t.Errorf("block %d: %x", at, got)
		}
	}
}

// RFC 3711 appendix B.3.
func TestKeysOfTheRFC(t *testing.T) {
	key, salt := octets(t, "E1F97A0D3E018BE0D64FA32C06DE4139"), octets(t, "0EC675AD498AFEEBB6960B3AABE6")
	for label, want := range []string{
		"C61E7A93744F39EE10734AFE3FF7A087",
		`CEBE321F6FF7716B6FD4AB49AF256A15 6D38BAA48F0A0ACF3C34E2359E6CDBCE E049646C43D9327AD175578EF7227098
		 6371C10C9A369AC2F94A8C5FBCDDDC25 6D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2`,
		"30CBBC08863D8C85D49DB34A9AE1",
	} {
		w := octets(t, want)
		got, err := srtp.Derive(key, salt, byte(label), len(w))
		if err != nil || !bytes.Equal(got, w) {
			t.Errorf("label %d: %x, %v", label, got, err)
		}
	}
}

// RFC 7714 §16 and 17.
func TestPacketsOfTheRFC(t *testing.T) {
	rtp := octets(t, "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573")
	rtcp := octets(t, `81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
		deadbeef deadbeef deadbeef deadbeef deadbeef`)
	salt := octets(t, "51756964 2070726f 2071756f")
	for name, v := range map[string]struct{ key, rtp, rtcp, plainRTCP string }{
		"AEAD_AES_128_GCM": {
			"000102030405060708090a0b0c0d0e0f",
			`8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b
			 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce`,
			`81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda
			 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4`,
			`81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef
			 deadbeef deadbeef deadbeef 841dd968 3dd78ec9 2ae58790 125f62b3 000005d4`,
		},
		"AEAD_AES_256_GCM": {
			"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
			`8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f
			 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13`,
			`81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be
			 8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4`,
			`81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef
			 deadbeef deadbeef deadbeef 91db4afb feee5a97 8fab4393 ed2615fe 000005d4`,
		},
	} {
		var w srtp.Scratch
		out, in, err := srtp.WithSessionKeys(name, octets(t, v.key), salt)
		if err != nil {
			t.Fatal(err)
		}
		out.ReportIndex(0x4d617273, 0x5d3)
		buf := make([]byte, 2048)
		if got := out.RTP(&w, buf, rtp); !bytes.Equal(got, octets(t, v.rtp)) {
			t.Errorf("%s: sealed RTP %x", name, got)
		}
		if got := in.RTP(&w, buf, octets(t, v.rtp)); !bytes.Equal(got, rtp) {
			t.Errorf("%s: opened RTP %x", name, got)
		}
		if got := out.RTCP(&w, buf, rtcp); !bytes.Equal(got, octets(t, v.rtcp)) {
			t.Errorf("%s: sealed RTCP %x", name, got)
		}
		for _, sealed := range []string{v.rtcp, v.plainRTCP} {
			_, in, _ := srtp.WithSessionKeys(name, octets(t, v.key), salt)
			bad := octets(t, sealed)
			bad[20] ^= 1
			if in.RTCP(&w, buf, bad) != nil {
				t.Errorf("%s: a forged report opens", name)
			}
			if got := in.RTCP(&w, buf, octets(t, sealed)); !bytes.Equal(got, rtcp) {
				t.Errorf("%s: opened RTCP %x", name, got)
			}
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	for name, p := range profiles {
		out, in := pair(t, name, newKeys(p))
		var w srtp.Scratch
		sealed, opened := make([]byte, 2048), make([]byte, 2048)
		seq, plain, rr := uint16(0), packet(0, 7, make([]byte, 160)), report(7, make([]byte, 20))
		n := testing.AllocsPerRun(1000, func() {
			seq++
			binary.BigEndian.PutUint16(plain[2:], seq)
			if b := in.RTP(&w, opened, out.RTP(&w, sealed, plain)); !bytes.Equal(b, plain) {
				t.Fatalf("%s: RTP not opened", name)
			}
			if b := in.RTCP(&w, opened, out.RTCP(&w, sealed, rr)); !bytes.Equal(b, rr) {
				t.Fatalf("%s: RTCP not opened", name)
			}
		})
		if n != 0 {
			t.Errorf("%s: %.1f allocations", name, n)
		}
	}
}
