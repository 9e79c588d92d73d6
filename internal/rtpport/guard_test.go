package rtpport_test

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tandem/internal/dtlssrtp"
	"tandem/internal/icelite"
	"tandem/internal/icelite/icetest"
	"tandem/internal/media"
	"tandem/internal/rtpport"
)

func newIdentity(t testing.TB) *dtlssrtp.Identity {
	t.Helper()
	id, err := dtlssrtp.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// webPeer is a browser as far as its socket shows: it checks the path, shakes hands,
// and then sends and receives sealed packets.
type webPeer struct {
	*securePeer
	port    *rtpport.Port
	params  rtpport.Params
	mine    *dtlssrtp.Identity
	session *dtlssrtp.Session
	result  chan rtpport.Handshake // of the port
	keys    chan dtlssrtp.Keys     // of the peer
	stun    chan []byte
	media   chan []byte
}

func newWebPeer(t *testing.T, port *rtpport.Port, ours, mine *dtlssrtp.Identity, ice bool) *webPeer {
	t.Helper()
	w := &webPeer{securePeer: &securePeer{peer: newPeer(t, port)}, port: port, mine: mine,
		result: make(chan rtpport.Handshake, 4), keys: make(chan dtlssrtp.Keys, 4), stun: make(chan []byte, 64), media: make(chan []byte, 4096)}
	w.params = rtpport.Params{Codec: media.PCMU, EventPT: 101, Mux: true, Remote: w.addr(), DTLS: &rtpport.DTLS{
		Identity: ours, Fingerprints: []dtlssrtp.Fingerprint{mine.Fingerprint()}, Result: func(h rtpport.Handshake) { w.result <- h }}}
	if ice {
		w.params.Remote = netip.AddrPort{}
		w.params.ICE = &rtpport.ICE{Local: icelite.NewCredentials(), Remote: icelite.NewCredentials()}
	}
	return w
}

// sort gives each packet to whom it is for, until the socket closes.
func (w *webPeer) sort() {
	b := make([]byte, 2048)
	for {
		n, _, err := w.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		switch got := bytes.Clone(b[:n]); {
		case got[0] < 4:
			w.stun <- got
		case dtlssrtp.IsDTLS(got):
			w.session.Packet(got)
		default:
			select {
			case w.media <- got:
			default:
			}
		}
	}
}

func (w *webPeer) check(nominate bool) []byte {
	c := w.params.ICE
	return icetest.Check{User: c.Local.Ufrag + ":" + c.Remote.Ufrag, Pwd: c.Local.Pwd, Nominate: nominate}.Bytes()
}

// checks sends a check and waits for its answer.
func (w *webPeer) checks() {
	w.t.Helper()
	w.send(w.check(true))
	select {
	case <-w.stun:
	case <-time.After(patience):
		w.t.Fatal("the check is not answered")
	}
}

func (w *webPeer) send(b []byte) {
	w.t.Helper()
	if _, err := w.conn.WriteToUDPAddrPort(b, w.to); err != nil {
		w.t.Fatal(err)
	}
}

// secured waits for the end of the handshake on both sides.
func (w *webPeer) secured() {
	w.t.Helper()
	for range 2 {
		select {
		case h := <-w.result:
			if h.Err != nil || h.Profile != dtlssrtp.AES128GCM {
				w.t.Fatalf("the handshake: %+v", h)
			}
		case k := <-w.keys:
			w.rekey(k)
		case <-time.After(patience):
			w.t.Fatal("the handshake has no end")
		}
	}
}

// hears waits for a sealed packet of a kind.
func (w *webPeer) hears(what string, control bool) []byte {
	w.t.Helper()
	late := time.After(patience)
	for {
		select {
		case b := <-w.media:
			if (b[1] >= 192 && b[1] <= 223) != control {
				continue
			}
			var plain []byte
			var err error
			if control {
				plain, err = w.in.DecryptRTCP(nil, b, nil)
			} else {
				plain, err = w.in.DecryptRTP(nil, b, nil)
			}
			if err != nil {
				w.t.Fatalf("%s does not open: %v", what, err)
			}
			return plain
		case <-late:
			w.t.Fatalf("no %s", what)
		}
	}
}

// key presses a key: sealed packets of an event.
func (w *webPeer) key(event byte) {
	w.t.Helper()
	for i := range 3 {
		b := rtpOf(media.PCMU, w.seq, w.ts, w.ssrc, []byte{event, 10, byte(i+1) >> 7, byte(160 * (i + 1))})
		b[1] = 101
		sealed, err := w.out.EncryptRTP(nil, b, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		w.seq++
		w.send(sealed)
	}
}

// start starts the port, and at first the peer, which begins the handshake unless the port does.
func (w *webPeer) start() {
	w.t.Helper()
	if w.session == nil {
		w.session = dtlssrtp.Start(dtlssrtp.Config{Identity: w.mine, Fingerprints: []dtlssrtp.Fingerprint{w.params.DTLS.Identity.Fingerprint()}, Active: !w.params.DTLS.Active,
			Send: func(b []byte) { w.conn.WriteToUDPAddrPort(b, w.to) },
			Done: func(k dtlssrtp.Keys, err error) {
				if err == nil {
					w.keys <- dtlssrtp.Keys{Profile: k.Profile, LocalKey: k.RemoteKey, LocalSalt: k.RemoteSalt, RemoteKey: k.LocalKey, RemoteSalt: k.LocalSalt}
				}
			}})
		w.t.Cleanup(w.session.Close)
		go w.sort()
	}
	if err := w.port.Start(w.params); err != nil {
		w.t.Fatal(err)
	}
}

// A browser's leg: everything on one port, nothing in plain, keys and sound both ways.
func TestWebLeg(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	ours := newIdentity(t)
	w := newWebPeer(t, port, ours, newIdentity(t), true)
	w.start()
	port.Play(pattern(500), true)

	stranger := newPeer(t, port)
	stranger.raw(0, false, 1, 1, make([]byte, 160))
	w.raw(0, false, 1, 1, make([]byte, 160)) // sound before its address is proved, and in plain
	w.checks()
	w.secured()
	if got := w.hears("sound", false); len(got) != 172 || got[1]&0x7F != 0 {
		t.Errorf("heard a packet of %d octets, type %d", len(got), got[1])
	}
	w.audio()
	w.key(5)
	if d := waitDigit(t, port); d.Key != '5' || d.Method != rtpport.MethodRFC4733 {
		t.Errorf("got key %+v", d)
	}
	if got := w.hears("report", true); got[1] != 200 {
		t.Errorf("a report of type %d", got[1])
	}

	// Plain packets, and what others send, count for nothing: C-06.
	before := port.Stats()
	w.raw(0, false, 9, 9, make([]byte, 160))
	w.send([]byte{0x81, 203, 0, 1, 1, 2, 3, 4, 0, 0, 0, 0})
	w.send(nil)
	stranger.raw(0, false, 1, 1, make([]byte, 160))
	stranger.conn.WriteToUDPAddrPort(icetest.Check{User: "a:b", Pwd: "c", NoIntegrity: true}.Bytes(), w.to)
	w.key(6)
	if d := waitDigit(t, port); d.Key != '6' {
		t.Errorf("got key %+v", d)
	}
	after := port.Stats()
	if after.Foreign < before.Foreign+2 || after.ReceivedPackets != before.ReceivedPackets+3 {
		t.Errorf("%d packets were taken, %d foreign", after.ReceivedPackets-before.ReceivedPackets, after.Foreign-before.Foreign)
	}
	if _, ok := stranger.readFor(100 * time.Millisecond); ok {
		t.Error("a stranger is sent something")
	}

	// The peer goes elsewhere: a new address, proved by a check, and ICE anew.
	w.params.ICE = &rtpport.ICE{Local: icelite.NewCredentials(), Remote: icelite.NewCredentials()}
	w.start()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := conn.WriteToUDPAddrPort(w.check(true), w.to); err != nil {
		t.Fatal(err)
	}
	conn.SetReadDeadline(time.Now().Add(patience))
	b := make([]byte, 2048)
	for sound := 0; sound < 3; {
		n, _, err := conn.ReadFromUDPAddrPort(b)
		if err != nil {
			t.Fatal(err)
		}
		if b[0] >= 128 {
			sound++
			if _, err := w.in.DecryptRTP(nil, b[:n], nil); err != nil {
				t.Errorf("sound at the new address does not open: %v", err)
			}
		}
	}
	port.Close()
}

// A telephone without ICE is where its description says.
func TestDTLSWithoutICE(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	for _, active := range []bool{false, true} {
		port := openPort(t, pool)
		ours, mine := newIdentity(t), newIdentity(t)
		w := newWebPeer(t, port, ours, mine, false)
		w.params.DTLS.Active = active
		w.start()
		w.secured()
		port.Play(pattern(50), false)
		w.hears("sound", false)
		w.key(7)
		if d := waitDigit(t, port); d.Key != '7' {
			t.Errorf("active %v: got key %+v", active, d)
		}
		port.Close()
	}
}

// C-05: the failures of one leg are told, and nothing is sent to who is not the peer.
func TestHandshakeFails(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	ours, mine := newIdentity(t), newIdentity(t)
	fails := func(w *webPeer) rtpport.Handshake {
		select {
		case h := <-w.result:
			if h.Err == nil || h.Profile != "" {
				t.Errorf("the handshake: %+v", h)
			}
			return h
		case <-time.After(patience):
			t.Fatal("the handshake has no end")
			return rtpport.Handshake{}
		}
	}
	wrong := newWebPeer(t, openPort(t, pool), ours, mine, true)
	wrong.params.DTLS.Fingerprints = []dtlssrtp.Fingerprint{newIdentity(t).Fingerprint()}
	wrong.start()
	wrong.port.Play(pattern(500), true)
	wrong.checks()
	if h := fails(wrong); !errors.Is(h.Err, dtlssrtp.ErrFingerprint) || h.Checks == 0 {
		t.Errorf("wrong fingerprint: %+v", h)
	}
	select {
	case <-wrong.media:
		t.Error("media is sent to who is not the peer")
	case <-time.After(100 * time.Millisecond):
	}

	silent := newWebPeer(t, openPort(t, pool), ours, mine, true)
	silent.params.DTLS.Time = 300 * time.Millisecond
	silent.start()
	silent.session.Close()
	silent.checks()
	if h := fails(silent); !errors.Is(h.Err, dtlssrtp.ErrNothing) || h.Checks != 1 {
		t.Errorf("no DTLS: %+v", h)
	}

	// Its checks prove nothing, so its handshake is not heard.
	unproved := newWebPeer(t, openPort(t, pool), ours, mine, true)
	unproved.params.DTLS.Time = 300 * time.Millisecond
	unproved.start()
	c := icetest.Check{User: unproved.params.ICE.Local.Ufrag + ":" + unproved.params.ICE.Remote.Ufrag, Pwd: "guessed", Nominate: true}
	unproved.send(c.Bytes())
	if h := fails(unproved); !errors.Is(h.Err, dtlssrtp.ErrNothing) || h.Checks != 0 || h.Refused == 0 {
		t.Errorf("no ICE: %+v", h)
	}
}

// A secured port takes no settings that would make it plain.
func TestDTLSStays(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	w := newWebPeer(t, openPort(t, pool), newIdentity(t), newIdentity(t), false)
	w.start()
	plain := w.params
	plain.DTLS = nil
	if err := w.port.Start(plain); err == nil {
		t.Error("the stream became plain")
	}
}

// B-30: another address sprays ClientHellos, with the null cipher alone, before and
// during the handshake of each call; B-20 and C-05: and checks that prove nothing. All
// calls come up.
func TestSprayedHandshakes(t *testing.T) {
	const calls, atOnce = 200, 8
	pool := startPool(t, rtpport.Config{})
	ours, mine := newIdentity(t), newIdentity(t)
	var mu sync.Mutex
	var targets []netip.AddrPort
	spray, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var sprayer sync.WaitGroup
	var sprayed atomic.Int64
	t.Cleanup(func() { close(stop); sprayer.Wait(); spray.Close() })
	sprayer.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		shots := [][]byte{nullHello(), icetest.Check{User: "x:y", Pwd: "z"}.Bytes(), icetest.Check{User: "x:y", NoIntegrity: true}.Bytes()}
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			mu.Lock()
			now := targets[max(0, len(targets)-2*atOnce):]
			mu.Unlock()
			for _, to := range now {
				for _, shot := range shots {
					spray.WriteToUDPAddrPort(shot, to)
					sprayed.Add(1)
				}
			}
		}
	})
	turns := make(chan struct{}, atOnce)
	var up atomic.Int64
	var all sync.WaitGroup
	for range calls {
		turns <- struct{}{}
		port := openPort(t, pool)
		w := newWebPeer(t, port, ours, mine, true)
		mu.Lock()
		targets = append(targets, w.to)
		mu.Unlock()
		w.start()
		all.Go(func() {
			defer func() { <-turns }()
			defer port.Close()
			w.conn.WriteToUDPAddrPort(w.check(true), w.to)
			select {
			case h := <-w.result:
				if h.Err == nil && h.Refused > 0 {
					up.Add(1)
				} else {
					t.Errorf("%+v", h)
				}
			case <-time.After(patience):
				t.Error("a handshake has no end")
			}
		})
	}
	all.Wait()
	if up.Load() != calls {
		t.Errorf("%d of %d calls came up, beside %d packets of a sprayer", up.Load(), calls, sprayed.Load())
	}
}

// nullHello is a ClientHello of DTLS 1.2 whose only cipher suite encrypts nothing.
func nullHello() []byte {
	body := append([]byte{0xFE, 0xFD}, make([]byte, 32)...)
	body = append(body, 0, 0, 0, 2, 0, 1, 1, 0)
	msg := append([]byte{1, 0, 0, byte(len(body)), 0, 0, 0, 0, 0, 0, 0, byte(len(body))}, body...)
	return append([]byte{22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(len(msg))}, msg...)
}

// B-34: what a peer claims of padding, sources and extension is held to the packet's
// end, in plain and behind a seal that is right.
func TestHostileHeaders(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	w := newWebPeer(t, openPort(t, pool), newIdentity(t), newIdentity(t), true)
	w.start()
	w.checks()
	w.secured()
	plain := openPort(t, pool)
	p := newPeer(t, plain)
	start(t, plain, p, media.PCMU, 101)
	for first := 0x80; first <= 0xBF; first++ { // every mix of padding, extension and sources
		for _, n := range []int{12, 13, 16, 20, 71, 72, 172} {
			for _, last := range []byte{0, 1, 12, 160, 161, 255} {
				for _, ext := range []byte{0, 1, 255} {
					b := rtpOf(media.PCMU, w.seq, w.ts, w.ssrc, bytes.Repeat([]byte{ext}, n-12))
					b[0], b[n-1] = byte(first), last
					w.port.Inject(w.addr(), b, false)
					plain.Inject(p.addr(), b, false)
					if sealed, err := w.out.EncryptRTP(nil, b, nil); err == nil {
						w.port.Inject(w.addr(), sealed, false)
					}
					w.seq++
				}
			}
		}
	}
	w.key(8)
	if d := waitDigit(t, w.port); d.Key != '8' {
		t.Errorf("got key %+v", d)
	}
}
