package pcap_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tandem/internal/pcap"
	"tandem/internal/pcap/pcaptest"
)

var start = time.Date(2026, 11, 27, 7, 30, 0, 123456789, time.UTC)

func at(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// sample is a file with packets of each kind.
func sample(t *testing.T) ([]byte, *pcap.Writer) {
	t.Helper()
	var b bytes.Buffer
	w, err := pcap.New(&b, pcap.Header{Application: "tandem", Comment: "of a test", Interface: "one call"})
	if err != nil {
		t.Fatal(err)
	}
	options := "OPTIONS sip:a@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK1\r\nFrom: <sip:b@192.0.2.9>;tag=1\r\nTo: <sip:a@192.0.2.1>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
	rtp := append([]byte{0x80, 101, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7}, 5, 0x0a, 0, 160) // key 5
	for i, p := range []struct {
		tcp bool
		pcap.Packet
	}{
		{false, pcap.Packet{From: at("192.0.2.9:5060"), To: at("192.0.2.1:5060"), In: true, Payload: []byte(options), Comment: "over TLS"}},
		{false, pcap.Packet{From: at("[2001:db8::9]:5060"), To: at("[2001:db8::1]:5060"), Payload: []byte(options)}},
		{true, pcap.Packet{From: at("192.0.2.9:40000"), To: at("192.0.2.1:5060"), In: true, Payload: []byte(options)}},
		{true, pcap.Packet{From: at("192.0.2.1:5060"), To: at("192.0.2.9:40000"), Payload: []byte(options)}},
		{true, pcap.Packet{From: at("[2001:db8::9]:40000"), To: at("[2001:db8::1]:5060"), In: true, Payload: []byte(options + " ")}},
		{true, pcap.Packet{From: at("[::ffff:192.0.2.9]:40000"), To: at("192.0.2.1:5060"), In: true, Payload: []byte(options)}},
		{false, pcap.Packet{From: at("192.0.2.9:4000"), To: at("192.0.2.1:10000"), In: true, Payload: rtp}},
		{false, pcap.Packet{From: at("192.0.2.9:4000"), To: at("192.0.2.1:10000"), In: true, Payload: rtp[:12], Hidden: 4}},
		{false, pcap.Packet{From: at("[2001:db8::9]:4000"), To: at("[2001:db8::1]:10000"), In: true, Payload: rtp[:12], Hidden: 4}},
	} {
		p.At = start.Add(time.Duration(i) * 20 * time.Millisecond)
		write := w.UDP
		if p.tcp {
			write = w.TCP
		}
		if err := write(p.Packet); err != nil {
			t.Fatalf("packet %d: %v", i+1, err)
		}
	}
	if err := w.Statistics(start.Add(time.Second), 12, 3, "3 are missing"); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), w
}

func TestBlocks(t *testing.T) {
	b, w := sample(t)
	if w.Size() != int64(len(b)) {
		t.Errorf("the size is given as %d, not %d", w.Size(), len(b))
	}
	kinds := map[uint32]int{}
	for rest := b; len(rest) > 0; {
		if len(rest) < 12 {
			t.Fatalf("%d bytes are left", len(rest))
		}
		n := binary.LittleEndian.Uint32(rest[4:])
		if n%4 != 0 || int(n) > len(rest) || binary.LittleEndian.Uint32(rest[n-4:]) != n {
			t.Fatalf("a block of kind %#x has the lengths %d and %d", binary.LittleEndian.Uint32(rest), n, binary.LittleEndian.Uint32(rest[n-4:]))
		}
		kinds[binary.LittleEndian.Uint32(rest)]++
		rest = rest[n:]
	}
	if kinds[0x0A0D0D0A] != 1 || kinds[1] != 1 || kinds[6] != 9 || kinds[5] != 1 || len(kinds) != 4 {
		t.Errorf("blocks by kind: %v", kinds)
	}
}

// TestHiddenLeavesNoTrace has two keys that are hidden make the same packet.
func TestHiddenLeavesNoTrace(t *testing.T) {
	one := func(from, to string) string {
		var b bytes.Buffer
		w, err := pcap.New(&b, pcap.Header{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.UDP(pcap.Packet{At: start, From: at(from), To: at(to), Payload: []byte{0x80, 101, 0, 1}, Hidden: 4}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if b := one("192.0.2.9:4000", "192.0.2.1:10000"); !strings.Contains(b, "\x0f\xa0\x27\x10\x00\x10\x00\x00\x80\x65\x00\x01") {
		t.Errorf("the checksum of a cut packet of IPv4 is not left out: %x", b)
	}
	if b := one("[2001:db8::9]:4000", "[2001:db8::1]:10000"); !strings.Contains(b, "\x0f\xa0\x27\x10\x00\x10\xff\xff\x80\x65\x00\x01") {
		t.Errorf("the checksum of a cut packet of IPv6 is not a constant: %x", b)
	}
}

func TestRefused(t *testing.T) {
	var b bytes.Buffer
	w, err := pcap.New(&b, pcap.Header{})
	if err != nil {
		t.Fatal(err)
	}
	before := b.Len()
	for name, p := range map[string]pcap.Packet{
		"no address":   {To: at("192.0.2.1:1")},
		"two families": {From: at("192.0.2.1:1"), To: at("[2001:db8::1]:1")},
		"too long":     {From: at("192.0.2.1:1"), To: at("192.0.2.2:1"), Payload: make([]byte, 65000), Hidden: 1000},
		"below zero":   {From: at("192.0.2.1:1"), To: at("192.0.2.2:1"), Hidden: -1},
	} {
		if err := w.UDP(p); !errors.Is(err, pcap.ErrPacket) {
			t.Errorf("%s, UDP: %v", name, err)
		}
		if err := w.TCP(p); !errors.Is(err, pcap.ErrPacket) {
			t.Errorf("%s, TCP: %v", name, err)
		}
	}
	if b.Len() != before {
		t.Errorf("%d bytes were written", b.Len()-before)
	}
	if err := w.UDP(pcap.Packet{At: start, From: at("192.0.2.1:1"), To: at("192.0.2.2:1"), Payload: make([]byte, pcap.MaxPayload), Comment: strings.Repeat("é", 5000)}); err != nil {
		t.Errorf("the longest packet, with a long comment: %v", err)
	}
}

// TestWireshark has tshark read the file and judge its checksums.
func TestWireshark(t *testing.T) {
	b, _ := sample(t)
	var got strings.Builder
	for _, p := range pcaptest.Dissect(t, b, "", "frame.time_epoch", "_ws.col.Protocol", "ip.checksum.status", "udp.checksum.status", "tcp.checksum.status",
		"tcp.seq_raw", "sip.Method", "frame.packet_flags_direction", "frame.comment", "frame.cap_len", "frame.len") {
		got.WriteString(strings.Join(p, "|") + "\n")
	}
	want := `1795764600.123456789|SIP|1|1|||OPTIONS|0x00000001|over TLS|214|214
1795764600.143456789|SIP||1|||OPTIONS|0x00000002||234|234
1795764600.163456789|SIP|1||1|1|OPTIONS|0x00000001||226|226
1795764600.183456789|SIP|1||1|1|OPTIONS|0x00000002||226|226
1795764600.203456789|SIP|||1|1|OPTIONS|0x00000001||247|247
1795764600.223456789|SIP|1||1|187|OPTIONS|0x00000001||226|226
1795764600.243456789|UDP|1|1||||0x00000001||44|44
1795764600.263456789|UDP|1|3||||0x00000001||40|44
1795764600.283456789|UDP||2||||0x00000001||60|64
`
	if got.String() != want {
		t.Errorf("tshark reads\n%s\nnot\n%s", got.String(), want)
	}
}
