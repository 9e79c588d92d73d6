package dtlssrtp_test

import (
	"bytes"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tandem/internal/dtlssrtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type result struct {
	keys dtlssrtp.Keys
	err  error
}

func identity(t *testing.T) *dtlssrtp.Identity {
	t.Helper()
	i, err := dtlssrtp.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// end is one side of a handshake in a test.
type end struct {
	*dtlssrtp.Session
	result chan result
}

// meet begins a handshake of two sides; change may alter their settings first. pass
// sees each packet, and drops it by saying no.
func meet(t *testing.T, change func(active, passive *dtlssrtp.Config), pass func([]byte) bool) (active, passive end) {
	t.Helper()
	ids := [2]*dtlssrtp.Identity{identity(t), identity(t)}
	ends := [2]end{{result: make(chan result, 1)}, {result: make(chan result, 1)}}
	var peers [2]atomic.Pointer[dtlssrtp.Session]
	conf := [2]dtlssrtp.Config{}
	for i := range conf {
		conf[i] = dtlssrtp.Config{
			Identity: ids[i], Fingerprints: []dtlssrtp.Fingerprint{ids[1-i].Fingerprint()}, Active: i == 0,
			Done: func(k dtlssrtp.Keys, err error) { ends[i].result <- result{k, err} },
			Send: func(b []byte) {
				if p := peers[1-i].Load(); p != nil && (pass == nil || pass(b)) {
					p.Packet(b)
				}
			},
		}
	}
	if change != nil {
		change(&conf[0], &conf[1])
	}
	for _, i := range []int{1, 0} {
		ends[i].Session = dtlssrtp.Start(conf[i])
		peers[i].Store(ends[i].Session)
		t.Cleanup(ends[i].Close)
	}
	return ends[0], ends[1]
}

func (e end) get(t *testing.T) result {
	t.Helper()
	select {
	case r := <-e.result:
		return r
	case <-time.After(30 * time.Second):
		t.Fatal("the handshake has no result")
		return result{}
	}
}

func same(a, b dtlssrtp.Keys) bool {
	return a.Profile == b.Profile && len(a.LocalKey) == 16 && bytes.Equal(a.LocalKey, b.RemoteKey) && bytes.Equal(a.LocalSalt, b.RemoteSalt) &&
		bytes.Equal(b.LocalKey, a.RemoteKey) && bytes.Equal(b.LocalSalt, a.RemoteSalt) && !bytes.Equal(a.LocalKey, a.RemoteKey)
}

func TestHandshake(t *testing.T) {
	active, passive := meet(t, nil, nil)
	a, p := active.get(t), passive.get(t)
	if a.err != nil || p.err != nil || !same(a.keys, p.keys) || a.keys.Profile != dtlssrtp.AES128GCM || len(a.keys.LocalSalt) != 12 {
		t.Errorf("active: %+v\npassive: %+v", a, p)
	}
}

// The first packet of each kind is lost, the last flight too.
func TestHandshakeWithLoss(t *testing.T) {
	seen := map[byte]bool{}
	turn := make(chan struct{}, 1)
	turn <- struct{}{}
	active, passive := meet(t, nil, func(b []byte) bool {
		<-turn
		defer func() { turn <- struct{}{} }()
		kind := b[0]
		if kind == 22 {
			kind = b[13] + 100 // of the handshake message
		}
		was := seen[kind]
		seen[kind] = true
		return was
	})
	a, p := active.get(t), passive.get(t)
	if a.err != nil || p.err != nil || !same(a.keys, p.keys) {
		t.Errorf("active: %+v\npassive: %+v", a, p)
	}
}

// C-05: whoever is not named by signalling gets no keys, whichever part it plays.
func TestFingerprints(t *testing.T) {
	wrong := dtlssrtp.Fingerprint{Hash: "sha-256", Value: strings.Repeat("00:", 31) + "00"}
	strong := dtlssrtp.Fingerprint{Hash: "sha-512", Value: strings.Repeat("00:", 63) + "00"}
	for name, c := range map[string]struct {
		add   []dtlssrtp.Fingerprint
		alone bool
		ok    bool
	}{
		"wrong":                        {[]dtlssrtp.Fingerprint{wrong}, true, false},
		"none":                         {nil, true, false},
		"a wrong one beside":           {[]dtlssrtp.Fingerprint{wrong}, false, true},
		"a wrong one of a strong hash": {[]dtlssrtp.Fingerprint{strong}, false, false},
		"of a hash that nobody knows":  {[]dtlssrtp.Fingerprint{{Hash: "md5", Value: "00"}}, false, true},
	} {
		for _, judge := range []string{"active", "passive"} {
			active, passive := meet(t, func(a, p *dtlssrtp.Config) {
				who := a
				if judge == "passive" {
					who = p
				}
				if c.alone {
					who.Fingerprints = nil
				}
				who.Fingerprints = append(who.Fingerprints, c.add...)
				a.Time, p.Time = 5*time.Second, 5*time.Second
			}, nil)
			r := active.get(t)
			if judge == "passive" {
				r = passive.get(t)
			}
			if c.ok != (r.err == nil) || !c.ok && !errors.Is(r.err, dtlssrtp.ErrFingerprint) || !c.ok && r.keys.Profile != "" {
				t.Errorf("%s, seen by the %s side: %+v", name, judge, r)
			}
			active.Close()
			passive.Close()
		}
	}
}

// Both wait, both begin, or nobody is there: each side says so in its time.
func TestNoHandshake(t *testing.T) {
	for name, parts := range map[string][2]bool{"both wait": {false, false}, "both begin": {true, true}} {
		a, p := meet(t, func(x, y *dtlssrtp.Config) {
			x.Active, y.Active = parts[0], parts[1]
			x.Time, y.Time = time.Second, time.Second
		}, nil)
		for _, r := range []result{a.get(t), p.get(t)} {
			if r.err == nil || name == "both wait" && !errors.Is(r.err, dtlssrtp.ErrNothing) {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
}

// hello10 is a ClientHello of DTLS 1.0.
func hello10() []byte {
	body := append([]byte{0xFE, 0xFF}, make([]byte, 32)...) // version, random
	body = append(body, 0, 0, 0, 2, 0xC0, 0x09, 1, 0)       // no session, no cookie, one suite, no compression
	msg := append([]byte{1, 0, 0, byte(len(body)), 0, 0, 0, 0, 0, 0, 0, byte(len(body))}, body...)
	return append([]byte{22, 0xFE, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(len(msg))}, msg...)
}

func TestOldVersionIsRefused(t *testing.T) {
	_, passive := meet(t, func(a, p *dtlssrtp.Config) {
		a.Active, p.Time = false, time.Second
	}, nil)
	passive.Packet(hello10())
	if r := passive.get(t); r.err == nil || errors.Is(r.err, dtlssrtp.ErrNothing) {
		t.Errorf("%+v", r)
	}
}

// A flood fills the queue and no more, and Packet never waits; garbage does not
// keep the handshake from its end.
func TestFlood(t *testing.T) {
	active, passive := meet(t, nil, nil)
	junk := append([]byte{22, 0xFE, 0xFD, 0, 9}, bytes.Repeat([]byte{0xFF}, 1000)...)
	for range 10000 {
		passive.Packet(junk)
	}
	if a, p := active.get(t), passive.get(t); a.err != nil || p.err != nil {
		t.Errorf("active: %v, passive: %v", a.err, p.err)
	}
}
