package icelite_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"net/netip"
	"strings"
	"testing"

	"tandem/internal/icelite"
	"tandem/internal/icelite/icetest"
)

var (
	ours   = icelite.Credentials{Ufrag: "oursoursours", Pwd: "ourpasswordourpassword"}
	theirs = icelite.Credentials{Ufrag: "them", Pwd: "theirpasswordtheirpassword"}
	peer   = netip.MustParseAddrPort("192.0.2.1:32853")
)

func check() icetest.Check {
	return icetest.Check{User: ours.Ufrag + ":" + theirs.Ufrag, Pwd: ours.Pwd, ID: 7}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rfc5769 is the sample request of RFC 5769 §2.1. Its sender is controlled.
const rfc5769 = `000100582112a442b7e7a701bc34d686fa87dfae
	802200105354554e207465737420636c69656e74 002400046e0001ff 80290008932ff9b151263b36
	000600096576746a3a68367659202020 000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004e57a3bcf`

// The sample is found sound, and its sender is told that it has to control
// (RFC 8445 §7.3.1.1); with any octet changed there is no answer.
func TestSampleOfRFC5769(t *testing.T) {
	sample := unhex(t, rfc5769)
	a := icelite.New(icelite.Credentials{Ufrag: "evtj", Pwd: "VOkJxbRl1RmTxUk/WvJxBt"}, icelite.Credentials{Ufrag: "h6vY"})
	reply, v := a.Handle(1, sample, peer)
	if v != icelite.Refused || len(reply) < 28 || binary.BigEndian.Uint16(reply) != 0x0111 || !bytes.Equal(reply[20:28], []byte{0, 9, 0, 4, 0, 0, 4, 87}) {
		t.Errorf("answered %x: %d", reply, v)
	}
	for i := range sample {
		bad := bytes.Clone(sample)
		bad[i] ^= 1
		if reply, v := a.Handle(1, bad, peer); reply != nil || v != icelite.Refused {
			t.Errorf("octet %d changed: answered %x, %d", i, reply, v)
		}
	}
}

func TestAnswer(t *testing.T) {
	a := icelite.New(ours, theirs)
	reply, v := a.Handle(1, check().Bytes(), peer)
	if v != icelite.Learned {
		t.Fatalf("the check is %d", v)
	}
	want := icetest.Seal(append([]byte{1, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7},
		// XOR-MAPPED-ADDRESS of 192.0.2.1:32853, as in RFC 5769 §2.2.
		0, 0x20, 0, 8, 0, 1, 0xA1, 0x47, 0xE1, 0x12, 0xA6, 0x43), ours.Pwd, true, true)
	if !bytes.Equal(reply, want) {
		t.Errorf("answered\n%x, want\n%x", reply, want)
	}
	six := netip.MustParseAddrPort("[2001:db8:1234:5678:11:2233:4455:6677]:32853")
	reply, _ = a.Handle(1, check().Bytes(), six)
	if len(reply) != 20+24+24+8 || reply[25] != 2 || binary.BigEndian.Uint16(reply[26:]) != 0xA147 ||
		binary.BigEndian.Uint32(reply[28:]) != 0x20010db8^0x2112A442 || reply[43] != 0x77^7 {
		t.Errorf("answered %x to IPv6", reply)
	}
}

func TestRefused(t *testing.T) {
	for name, change := range map[string]func(*icetest.Check){
		"wrong password":            func(c *icetest.Check) { c.Pwd = theirs.Pwd },
		"no integrity":              func(c *icetest.Check) { c.NoIntegrity = true },
		"no fingerprint":            func(c *icetest.Check) { c.NoFingerprint = true },
		"neither":                   func(c *icetest.Check) { c.NoIntegrity, c.NoFingerprint = true, true },
		"another's fragment":        func(c *icetest.Check) { c.User = ours.Ufrag + ":else" },
		"fragments turned round":    func(c *icetest.Check) { c.User = theirs.Ufrag + ":" + ours.Ufrag },
		"our fragment alone":        func(c *icetest.Check) { c.User = ours.Ufrag },
		"no user":                   func(c *icetest.Check) { c.User = "" },
		"an attribute we must know": func(c *icetest.Check) { c.Unknown = []uint16{0x7777} },
		"it says it is controlled":  func(c *icetest.Check) { c.Controlled = true },
	} {
		a := icelite.New(ours, theirs)
		c := check()
		c.Nominate = true
		change(&c)
		reply, v := a.Handle(1, c.Bytes(), peer)
		if v != icelite.Refused || a.Knows(peer) || a.Target().IsValid() || a.Consents(1) {
			t.Errorf("%s: %d, sent to %v", name, v, a.Target())
		}
		if told := c.Controlled || c.Unknown != nil; told != (reply != nil) || told && reply[0] != 1 && reply[1] != 0x11 {
			t.Errorf("%s: answered %x", name, reply)
		}
	}
	a := icelite.New(ours, theirs)
	for name, kind := range map[string]uint16{"indication": 0x0011, "response": 0x0101, "allocate": 0x0003} {
		b := check().Bytes()
		binary.BigEndian.PutUint16(b, kind)
		b = icetest.Seal(b[:len(b)-32], ours.Pwd, true, true)
		if reply, v := a.Handle(1, b, peer); reply != nil || v != icelite.Refused {
			t.Errorf("%s: answered %x, %d", name, reply, v)
		}
	}
}

// What stands behind MESSAGE-INTEGRITY anybody may have put there.
func TestUnprotectedAttributesDoNotCount(t *testing.T) {
	c := check()
	c.NoFingerprint = true
	b := append(c.Bytes(), 0, 0x25, 0, 0, 0x77, 0x77, 0, 0)
	b = icetest.Seal(b, "", false, true)
	a := icelite.New(ours, theirs)
	if _, v := a.Handle(1, b, peer); v != icelite.Learned {
		t.Errorf("a nomination that is not protected: %d", v)
	}
}

// The peer's last nomination is where we send; before there is one, the last check.
func TestTarget(t *testing.T) {
	a := icelite.New(ours, theirs)
	at := func(i int) netip.AddrPort { return netip.AddrPortFrom(peer.Addr(), uint16(1000+i)) }
	ask := func(now int64, i int, nominate bool) icelite.Verdict {
		c := check()
		c.Nominate = nominate
		_, v := a.Handle(now, c.Bytes(), at(i))
		return v
	}
	if a.Target().IsValid() {
		t.Error("a target before any check")
	}
	ask(1, 1, false)
	ask(2, 2, false)
	if a.Target() != at(2) {
		t.Errorf("sends to %v", a.Target())
	}
	if v := ask(3, 1, true); v != icelite.Nominated || a.Target() != at(1) {
		t.Errorf("%d, sends to %v", v, a.Target())
	}
	if v := ask(4, 2, false); v != icelite.Checked || a.Target() != at(1) {
		t.Errorf("%d, sends to %v", v, a.Target())
	}
	for i := range 100 { // the chosen one is not forgotten, whoever else comes
		ask(5+int64(i), 10+i, false)
	}
	if !a.Knows(at(1)) || a.Knows(at(2)) || !a.Knows(at(109)) {
		t.Error("the wrong addresses were forgotten")
	}
	if !a.Consents(104+int64(icelite.ConsentTime)-1) || a.Consents(104+int64(icelite.ConsentTime)) {
		t.Error("consent does not last for its time")
	}
	next := icelite.Credentials{Ufrag: "nextnext", Pwd: "anotherpasswordanother"}
	a.Restart(next, theirs)
	if _, v := a.Handle(200, check().Bytes(), at(1)); v != icelite.Refused {
		t.Error("old credentials are taken after a restart")
	}
	if a.Target() != at(1) {
		t.Error("a restart forgot where to send before the peer chose anew")
	}
	c := icetest.Check{User: next.Ufrag + ":" + theirs.Ufrag, Pwd: next.Pwd, Nominate: true}
	if _, v := a.Handle(201, c.Bytes(), at(3)); v != icelite.Nominated || a.Target() != at(3) {
		t.Errorf("%d, sends to %v after a restart", v, a.Target())
	}
}

// B-20: every length that an attribute can claim, for every attribute that is known.
func TestAttributeLengths(t *testing.T) {
	a := icelite.New(ours, theirs)
	for _, kind := range []uint16{0x0006, 0x0008, 0x0009, 0x000A, 0x0014, 0x0015, 0x0020, 0x0024, 0x0025, 0x8028, 0x8029, 0x802A, 0x7777, 0xFFFF} {
		for n := range 1 << 16 {
			// After the header alone, and as the last of a check, the length of the
			// message right: a reader that believes it leaves the packet.
			b := append(check().Bytes()[:20], byte(kind>>8), byte(kind), byte(n>>8), byte(n), 0, 0, 0, 0)
			binary.BigEndian.PutUint16(b[2:], uint16(len(b)-20))
			if _, v := a.Handle(1, b, peer); v != icelite.Refused {
				t.Fatalf("attribute %#x of length %d: %d", kind, n, v)
			}
		}
	}
	for i := range check().Bytes() { // cut anywhere
		if _, v := a.Handle(1, check().Bytes()[:i], peer); v != icelite.Refused {
			t.Fatalf("cut at %d: %d", i, v)
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	a := icelite.New(ours, theirs)
	good, bad := check().Bytes(), check()
	bad.NoIntegrity = true
	flood := bad.Bytes()
	if n := testing.AllocsPerRun(100, func() { a.Handle(1, good, peer); a.Handle(1, flood, peer) }); n != 0 {
		t.Errorf("%v allocations for each check", n)
	}
}

func TestCredentials(t *testing.T) {
	c, d := icelite.NewCredentials(), icelite.NewCredentials()
	if c == d || len(c.Ufrag) < 4 || len(c.Pwd) < 22 {
		t.Errorf("%v and %v", c, d)
	}
}

func FuzzHandle(f *testing.F) {
	f.Add(unhex(f, rfc5769))
	f.Add(check().Bytes())
	c := check()
	c.Nominate, c.Unknown = true, []uint16{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	f.Add(c.Bytes())
	c.NoIntegrity = true
	f.Add(c.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		a := icelite.New(ours, theirs)
		reply, v := a.Handle(1, b, peer)
		if v != icelite.Refused && !bytes.Contains(b, []byte(ours.Ufrag)) {
			t.Error("taken without our fragment")
		}
		if reply == nil {
			return
		}
		n := len(reply)
		if n%4 != 0 || int(binary.BigEndian.Uint16(reply[2:])) != n-20 || !bytes.Equal(reply[4:20], b[4:20]) ||
			binary.BigEndian.Uint32(reply[n-4:]) != crc32.ChecksumIEEE(reply[:n-8])^0x5354554E {
			t.Errorf("answered %x", reply)
		}
		// The same with a right seal, so that what is behind the seal is reached too.
		if len(b) > 20 && len(b) < 600 && icelite.IsSTUN(b) {
			icelite.New(ours, theirs).Handle(1, icetest.Seal(bytes.Clone(b), ours.Pwd, true, true), peer)
		}
	})
}
