package srtp_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	pion "github.com/pion/srtp/v3"

	"tandem/internal/srtp"
)

// road is one direction by both implementations, which are to agree on every packet:
// in what a packet is sealed to, in whether one opens, and to what.
type road struct {
	t      testing.TB
	out    *srtp.Sender
	in     *srtp.Receiver
	other  *pion.Context // seals
	its    *pion.Context // opens
	work   srtp.Scratch
	sealed [][]byte // what is on the road
	opened int
}

func newRoad(t testing.TB, name string, k keySet) *road {
	r := &road{t: t}
	r.out, r.in = pair(t, name, k)
	r.other, r.its = pionPair(t, profiles[name], k)
	return r
}

func (r *road) seal(plain []byte, control bool) {
	r.t.Helper()
	buf := make([]byte, len(plain)+srtp.MostAdded)
	ours, theirs, err := []byte(nil), []byte(nil), error(nil)
	if control {
		ours = r.out.RTCP(&r.work, buf, plain)
		theirs, err = r.other.EncryptRTCP(nil, plain, nil)
	} else {
		ours = r.out.RTP(&r.work, buf, plain)
		theirs, err = r.other.EncryptRTP(nil, plain, nil)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	if !bytes.Equal(ours, theirs) {
		r.t.Fatalf("%x is sealed to %x, and by pion to %x", plain, ours, theirs)
	}
	r.sealed = append(r.sealed, ours)
}

func (r *road) open(sealed []byte, control bool) {
	r.t.Helper()
	buf := make([]byte, len(sealed))
	ours, theirs, err := []byte(nil), []byte(nil), error(nil)
	before := bytes.Clone(sealed)
	if control {
		ours = r.in.RTCP(&r.work, buf, sealed)
		theirs, err = r.its.DecryptRTCP(nil, sealed, nil)
	} else {
		ours = r.in.RTP(&r.work, buf, sealed)
		theirs, err = r.its.DecryptRTP(nil, sealed, nil)
	}
	if !bytes.Equal(before, sealed) {
		r.t.Fatal("a packet was changed by opening it")
	}
	if (ours == nil) != (err != nil) || !bytes.Equal(ours, theirs) {
		r.t.Fatalf("%x opens to %x, and by pion to %x (%v)", sealed, ours, theirs, err)
	}
	if ours != nil {
		r.opened++
	}
}

// header is that of an RTP packet, with sources and an extension at times.
func header(rng *rand.Rand, seq uint16, ssrc uint32) []byte {
	b := packet(seq, ssrc, nil)
	b[1] = byte(rng.Uint32())
	for range rng.IntN(16) * rng.IntN(2) {
		b[0]++
		b = append(b, byte(rng.Uint32()), 1, 2, 3)
	}
	if rng.IntN(4) == 0 {
		b[0] |= 0x10
		words := rng.IntN(5)
		b = append(b, 0x12, 0x34, 0, byte(words))
		b = append(b, bytes.Repeat([]byte{byte(rng.Uint32())}, 4*words)...)
	}
	return b
}

// TestRoads sends packets of two sources over some rollovers, with losses of all lengths,
// others overtaken and doubled, and forgeries.
func TestRoads(t *testing.T) {
	for name, p := range profiles {
		for _, control := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, %t", name, control), func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(3711, 7714))
				r := newRoad(t, name, newKeys(p))
				seqs := []uint16{uint16(rng.Uint32N(1 << 15)), 65000}
				for range 20_000 {
					which := rng.IntN(2)
					payload := make([]byte, rng.IntN(rng.IntN(1400)+1))
					for i := range payload {
						payload[i] = byte(rng.Uint32())
					}
					ssrc := uint32(which) * 0x80000001
					if control {
						r.seal(report(ssrc, payload), true)
					} else {
						seqs[which] += uint16(1 + rng.IntN(20)*rng.IntN(2) + rng.IntN(2000)*rng.IntN(20)/19)
						r.seal(append(header(rng, seqs[which], ssrc), payload...), false)
					}
					if len(r.sealed) < 20 {
						continue
					}
					switch at := rng.IntN(20); rng.IntN(10) {
					case 0: // lost
					case 1: // forged in one bit
						bad := bytes.Clone(r.sealed[at])
						bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
						r.open(bad, control)
					case 2: // cut
						r.open(r.sealed[at][:rng.IntN(len(r.sealed[at]))], control)
					case 3, 4: // overtaken
						r.open(r.sealed[at], control)
					default:
						r.open(r.sealed[19], control)
					}
					r.sealed = r.sealed[1:]
				}
				if r.opened < 5_000 {
					t.Errorf("%d packets opened", r.opened)
				}
			})
		}
	}
}

// FuzzRoad is told what happens to the packets of a source: how far the sequence goes on,
// which packet comes, and what becomes of it.
func FuzzRoad(f *testing.F) {
	f.Add(byte(0), []byte{0, 0, 1, 0, 255, 1, 0, 128, 2, 0, 0, 3, 0, 129, 0})
	f.Add(byte(5), []byte{1, 0, 1, 1, 0, 0, 1, 200, 1})
	names := []string{"AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"}
	f.Fuzz(func(t *testing.T, kind byte, steps []byte) {
		name, control := names[kind&3], kind&4 != 0
		p := profiles[name]
		r := newRoad(t, name, keySet{bytes.Repeat([]byte{kind}, p.key), make([]byte, p.salt)})
		seqs := [2]uint16{uint16(kind) << 8, 65000}
		for len(steps) >= 3 && len(r.sealed) < 1000 {
			step, which, bit := steps[0], int(steps[1]), int(steps[2])
			steps = steps[3:]
			seq := &seqs[step>>7]
			*seq += 1 + uint16(step&0x7F)*uint16(step&0x7F)*2
			if control {
				r.seal(report(9, steps[:min(len(steps), 40)]), true)
			} else {
				r.seal(packet(*seq, uint32(step>>7), steps[:min(len(steps), 40)]), false)
			}
			if which = len(r.sealed) - 1 - which; which < 0 {
				continue
			}
			b := bytes.Clone(r.sealed[which])
			if bit > 0 {
				b[bit%len(b)] ^= byte(bit)
			}
			r.open(b, control)
		}
	})
}

// FuzzOpen opens anything: it is not authentic, and what is authentic opens after it.
func FuzzOpen(f *testing.F) {
	f.Add(byte(0), false, packet(1, 2, make([]byte, 20)))
	f.Add(byte(2), true, report(2, make([]byte, 40)))
	f.Add(byte(3), false, []byte{0x9F, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2})
	f.Add(byte(1), false, append(packet(1, 2, []byte{0xC0, 0xDE, 0, 1}), make([]byte, 40)...))
	names := []string{"AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"}
	f.Fuzz(func(t *testing.T, kind byte, control bool, b []byte) {
		p := profiles[names[kind&3]]
		r := newRoad(t, names[kind&3], keySet{make([]byte, p.key), make([]byte, p.salt)})
		r.open(b, control)
		if r.opened != 0 {
			t.Fatal("what nobody sealed opens")
		}
		if control {
			r.seal(report(2, make([]byte, 30)), true)
		} else {
			r.seal(packet(1, 2, make([]byte, 30)), false)
		}
		r.open(r.sealed[0], control)
		r.open(r.sealed[0], control)
		if r.opened != 1 {
			t.Fatalf("an authentic packet opens %d times", r.opened)
		}
	})
}
