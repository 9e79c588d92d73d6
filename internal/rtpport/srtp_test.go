package rtpport_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/srtp/v3"

	"tandem/internal/dtlssrtp"
	"tandem/internal/media"
	"tandem/internal/rtpport"
)

// lengths of master keys and salts (RFC 4568 §6.2, RFC 7714 §12)
var secureProfiles = map[string]struct {
	of        srtp.ProtectionProfile
	key, salt int
}{
	"AES_CM_128_HMAC_SHA1_80": {srtp.ProtectionProfileAes128CmHmacSha1_80, 16, 14},
	"AES_CM_128_HMAC_SHA1_32": {srtp.ProtectionProfileAes128CmHmacSha1_32, 16, 14},
	"AEAD_AES_128_GCM":        {srtp.ProtectionProfileAeadAes128Gcm, 16, 12},
	"AEAD_AES_256_GCM":        {srtp.ProtectionProfileAeadAes256Gcm, 32, 12},
}

const usual = "AES_CM_128_HMAC_SHA1_80"

func newKeys(profile string) dtlssrtp.Keys {
	p := secureProfiles[profile]
	octets := func(n int) []byte {
		b := make([]byte, n)
		rand.Read(b)
		return b
	}
	return dtlssrtp.Keys{Profile: profile, LocalKey: octets(p.key), LocalSalt: octets(p.salt), RemoteKey: octets(p.key), RemoteSalt: octets(p.salt)}
}

// securePeer is a telephone that speaks SRTP.
type securePeer struct {
	*peer
	out, in *srtp.Context
}

func newSecurePeer(t *testing.T, port *rtpport.Port, k dtlssrtp.Keys) *securePeer {
	t.Helper()
	p := &securePeer{peer: newPeer(t, port)}
	p.rekey(k)
	return p
}

// rekey takes other keys; k is the port's view of them.
func (p *securePeer) rekey(k dtlssrtp.Keys) {
	p.t.Helper()
	var err error
	if p.out, err = srtp.CreateContext(k.RemoteKey, k.RemoteSalt, secureProfiles[k.Profile].of); err != nil {
		p.t.Fatal(err)
	}
	if p.in, err = srtp.CreateContext(k.LocalKey, k.LocalSalt, secureProfiles[k.Profile].of); err != nil {
		p.t.Fatal(err)
	}
}

func (p *securePeer) seal(pt uint8, seq uint16, ts, ssrc uint32, payload []byte) []byte {
	p.t.Helper()
	b, err := p.out.EncryptRTP(nil, rtpOf(media.PCMU, seq, ts, ssrc, payload), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return b
}

// audio sends the next packet of sound.
func (p *securePeer) audio() {
	p.t.Helper()
	b := p.seal(0, p.seq, p.ts, p.ssrc, bytes.Repeat([]byte{0x55}, 160))
	if _, err := p.conn.WriteToUDPAddrPort(b, p.to); err != nil {
		p.t.Fatal(err)
	}
	p.seq++
	p.ts += 160
}

// read is the next packet, opened; the test fails when it does not open.
func (p *securePeer) read() []byte {
	p.t.Helper()
	b := make([]byte, 2048)
	if err := p.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		p.t.Fatal(err)
	}
	n, err := p.conn.Read(b)
	if err != nil {
		p.t.Fatal(err)
	}
	plain, err := p.in.DecryptRTP(nil, b[:n], nil)
	if err != nil {
		p.t.Fatalf("a packet that does not open: %v", err)
	}
	return plain
}

func startSecure(t *testing.T, port *rtpport.Port, p *securePeer, k dtlssrtp.Keys) {
	t.Helper()
	if err := port.Start(rtpport.Params{Remote: p.addr(), Codec: media.PCMU, EventPT: eventPT, Keys: &k}); err != nil {
		t.Fatal(err)
	}
}

func TestSecureStream(t *testing.T) {
	for profile := range secureProfiles {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			pool := startPool(t, rtpport.Config{})
			port := openPort(t, pool)
			k := newKeys(profile)
			p := newSecurePeer(t, port, k)
			plain := newPeer(t, port)
			port.Play(pattern(50), true)
			startSecure(t, port, p, k)
			heard := 0
			until(t, "sound heard", func() {
				p.audio()
				plain.audio(media.PCMU, make([]byte, 160)) // counts for nothing
				if b := p.read(); len(b) == 172 && b[12] != 0xFF {
					heard++
				}
			}, func() bool { return heard >= 10 })
			event := append([]byte{0x80, 0x80 | eventPT}, rtpOf(media.PCMU, p.seq, p.ts, p.ssrc, []byte{7, 10, 3, 32})[2:]...)
			sealed, err := p.out.EncryptRTP(nil, event, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.conn.WriteToUDPAddrPort(sealed, p.to); err != nil {
				t.Fatal(err)
			}
			if d := waitDigit(t, port); d.Key != '7' {
				t.Errorf("key %q", d.Key)
			}
			st := port.Close()
			if st.Moves != 1 || st.ReceivedPackets < 10 || st.ReceivedPackets > 200 || st.Forged == 0 || port.Peer() != p.addr() {
				t.Errorf("%+v, peer %v", st, port.Peer())
			}
		})
	}
}

// Reports are sealed like sound, with the same key; those in clear count for nothing.
func TestSecureReports(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	k := newKeys(usual)
	p := newSecurePeer(t, port, k)
	rtcp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer rtcp.Close()
	err = port.Start(rtpport.Params{Remote: p.addr(), RTCP: rtcp.LocalAddr().(*net.UDPAddr).AddrPort(), Codec: media.PCMU, EventPT: eventPT, Keys: &k})
	if err != nil {
		t.Fatal(err)
	}
	be := binary.BigEndian
	us := be.Uint32(p.read()[8:])
	report := func(lost byte) []byte {
		rr := be.AppendUint32([]byte{0x81, 201, 0, 7}, p.ssrc)
		rr = be.AppendUint32(rr, us)
		return append(rr, 10, 0, 0, lost, 0, 0, 0, 0, 0, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	p.audio()
	until(t, "sound counted", func() { p.read() }, func() bool { return port.Stats().ReceivedPackets > 0 })
	to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.to.Addr(), p.to.Port()+1))
	for range 5 {
		if _, err := rtcp.WriteTo(report(99), to); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "reports in clear found", func() { p.read() }, func() bool { return port.Stats().Forged >= 5 })
	if st := port.Stats(); st.ReportsHeard != 0 || st.RemoteLost != 0 {
		t.Fatalf("reports in clear count: %+v", st)
	}
	sealed, err := p.out.EncryptRTCP(nil, report(5), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second is a replay
		if _, err := rtcp.WriteTo(sealed, to); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "report heard", func() { p.read() }, func() bool { return port.Stats().Forged >= 6 })
	st := port.Close()
	if st.RemoteLost != 5 || st.ReportsHeard != 1 {
		t.Errorf("%+v", st)
	}
	b := make([]byte, 500)
	for bye := false; !bye; {
		if err := rtcp.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		n, _, err := rtcp.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b[8:n], be.AppendUint32(nil, us)) {
			t.Error("a report in clear")
		}
		plain, err := p.in.DecryptRTCP(nil, b[:n], nil)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(plain); at += 4 + 4*int(be.Uint16(plain[at+2:])) {
			bye = bye || plain[at+1] == 203
		}
	}
}

// C-03, B-29, B-31: what is not authentic is dropped before it changes anything.
func TestForgedPackets(t *testing.T) {
	const each = 10_000
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	k := newKeys(usual)
	p := newSecurePeer(t, port, k)
	p.seq = 65500
	startSecure(t, port, p, k)
	sound := bytes.Repeat([]byte{0x55}, 160)
	var sent [][]byte
	for range 100 { // over the end of the sequence numbers: the rollover counter is 1
		sent = append(sent, p.seal(0, p.seq, p.ts, p.ssrc, sound))
		p.seq++
		p.ts += 160
	}
	port.InjectAll(p.addr(), sent)
	before := port.Stats()
	if before.ReceivedPackets != 100 || before.ReceivedLost != 0 || before.Forged != 0 {
		t.Fatalf("%+v", before)
	}
	older := *p
	older.rekey(k)
	strange := *p
	strange.rekey(newKeys(usual))
	forgeries := map[string]func(i int) []byte{
		"bad tag": func(i int) []byte {
			b := bytes.Clone(p.seal(0, p.seq+uint16(i%50), p.ts, p.ssrc, sound))
			b[len(b)-1-i%10] ^= 1 << (i % 8)
			return b
		},
		"bad sound": func(i int) []byte {
			b := bytes.Clone(p.seal(0, p.seq+uint16(i%50), p.ts, p.ssrc, sound))
			b[12+i%160] ^= 1 << (i % 8)
			return b
		},
		"bad header": func(i int) []byte {
			b := bytes.Clone(p.seal(0, p.seq+uint16(i%50), p.ts, p.ssrc, sound))
			b[1] = eventPT
			return b
		},
		"replay":     func(i int) []byte { return sent[i%len(sent)] },
		"old ROC":    func(i int) []byte { return older.seal(0, uint16(50000+i), p.ts, p.ssrc, sound) },
		"wrong SSRC": func(i int) []byte { return strange.seal(0, uint16(i), p.ts, 0x99000000+uint32(i), sound) },
		"plain":      func(i int) []byte { return rtpOf(media.PCMU, p.seq, p.ts, p.ssrc, sound) },
		"plain RTCP": func(i int) []byte { return append([]byte{0x80, 203, 0, 1}, make([]byte, 16)...) },
		"short":      func(i int) []byte { return []byte{0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}[:12+i%3] },
	}
	n := int64(0)
	for name, forge := range forgeries {
		for _, from := range []netip.AddrPort{p.addr(), netip.MustParseAddrPort("127.0.0.66:6666")} {
			many := make([][]byte, each)
			for i := range many {
				many[i] = forge(i)
			}
			port.InjectAll(from, many)
			n += each
			now := port.Stats()
			if now.Forged != n {
				t.Errorf("%s: %d forged packets counted, want %d", name, now.Forged, n)
			}
			if now.ReceivedPackets != 100 || now.ReceivedLost != 0 || now.Moves != 1 || now.Digits != 0 || now.RemoteSSRC != p.ssrc || port.Peer() != p.addr() {
				t.Fatalf("%s from %v changed something: %+v", name, from, now)
			}
		}
	}
	// The call lives: what the peer seals next is taken.
	p.audio()
	p.audio()
	until(t, "sound of the peer", func() { p.read() }, func() bool { return port.Stats().ReceivedPackets == 102 })
}

// A peer that keeps inventing sources under its own key does not fill the memory.
func TestSourcesOfOneKeyAreBounded(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	k := newKeys(usual)
	p := newSecurePeer(t, port, k)
	startSecure(t, port, p, k)
	var many [][]byte
	for i := range uint32(1000) {
		many = append(many, p.seal(0, 1, 1, 1000+i, make([]byte, 160)))
	}
	port.InjectAll(p.addr(), many)
	if st := port.Stats(); st.ReceivedPackets != 64 || st.Forged != 936 {
		t.Errorf("%d packets taken, %d not", st.ReceivedPackets, st.Forged)
	}
}

func TestRekey(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	k := newKeys(usual)
	p := newSecurePeer(t, port, k)
	startSecure(t, port, p, k)
	be := binary.BigEndian
	sound := bytes.Repeat([]byte{0x55}, 160)
	next := func() []byte {
		b := p.seal(0, p.seq, p.ts, p.ssrc, sound)
		p.seq++
		p.ts += 160
		return b
	}
	p.seq = 65530
	var first [][]byte
	for range 20 {
		first = append(first, next())
	}
	port.InjectAll(p.addr(), first)
	us := be.Uint32(p.read()[8:])

	// The same keys again, as in a hold: both directions go on, and replays stay such.
	startSecure(t, port, p, k)
	port.InjectAll(p.addr(), [][]byte{next(), first[19]})
	if st := port.Stats(); st.ReceivedPackets != 21 || st.Forged != 1 {
		t.Fatalf("after the same keys: %d taken, %d not", st.ReceivedPackets, st.Forged)
	}
	for range 5 {
		if ssrc := be.Uint32(p.read()[8:]); ssrc != us {
			t.Fatal("the stream began anew with the same key")
		}
	}

	// Other keys: what is under way with the old still counts, until the new are used.
	old := next()
	late := next()
	fresh := newKeys("AEAD_AES_128_GCM")
	startSecure(t, port, p, fresh)
	port.InjectAll(p.addr(), [][]byte{old})
	p.rekey(fresh)
	newSSRC := us
	until(t, "packets with the new key", func() {
		b := make([]byte, 2048)
		n, err := p.conn.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := p.in.DecryptRTP(nil, b[:n], nil); err == nil {
			newSSRC = be.Uint32(plain[8:])
		}
	}, func() bool { return newSSRC != us })
	// This peer keeps its rollover counter, as RFC 3711 has it.
	p.out.SetROC(p.ssrc, 1)
	port.InjectAll(p.addr(), [][]byte{next(), next(), late})
	st := port.Stats()
	if st.ReceivedPackets != 24 || st.Forged != 2 {
		t.Errorf("after other keys: %d taken, %d not", st.ReceivedPackets, st.Forged)
	}
	// And this one begins at 0 again.
	fresh = newKeys("AEAD_AES_128_GCM")
	startSecure(t, port, p, fresh)
	p.rekey(fresh)
	port.InjectAll(p.addr(), [][]byte{next(), next()})
	if st := port.Stats(); st.ReceivedPackets != 26 || st.Forged != 2 {
		t.Errorf("after the third keys: %d taken, %d not", st.ReceivedPackets, st.Forged)
	}
	if st := port.Close(); st.Moves != 1 {
		t.Errorf("%d moves", st.Moves)
	}
}

func TestSecureStaysSecure(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	k := newKeys(usual)
	p := newSecurePeer(t, port, k)
	bad := k
	bad.RemoteKey, bad.RemoteSalt = k.LocalKey, k.LocalSalt
	short := k
	short.LocalKey = k.LocalKey[:15]
	weak := k
	weak.Profile = "NULL_HMAC_SHA1_80"
	for name, keys := range map[string]dtlssrtp.Keys{"one key for both": bad, "a short key": short, "no cipher": weak} {
		if err := port.Start(rtpport.Params{Remote: p.addr(), Codec: media.PCMU, Keys: &keys}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	startSecure(t, port, p, k)
	if err := port.Start(rtpport.Params{Remote: p.addr(), Codec: media.PCMU}); err == nil {
		t.Error("a secure stream became plain")
	}
	for range 5 {
		p.read() // fails at a packet that is not sealed
	}
}

func TestSecureTurnAllocatesNothing(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	for profile := range secureProfiles {
		port := openPort(t, pool)
		k := newKeys(profile)
		p := newSecurePeer(t, port, k)
		port.Play(pattern(500), true)
		startSecure(t, port, p, k)
		p.read()
		n := port.AllocsPerTurn(p.addr(), func() []byte {
			p.seq++
			p.ts += 160
			return p.seal(0, p.seq, p.ts, p.ssrc, make([]byte, 160))
		})
		if n != 0 {
			t.Errorf("%s: a turn allocates %.1f times", profile, n)
		}
		if st := port.Close(); st.ReceivedPackets < 100 || st.Forged != 0 {
			t.Errorf("%s: %d packets taken, %d not", profile, st.ReceivedPackets, st.Forged)
		}
	}
}
