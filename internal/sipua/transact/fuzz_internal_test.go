package transact

import (
	"bytes"
	"log/slog"
	"net"
	"net/netip"
	"testing"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/siptest"
)

// paper is a flow to nobody; it keeps what was written.
type paper struct {
	net string
	out [][]byte
}

func (p *paper) LocalAddr() net.Addr    { return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5060} }
func (p *paper) Ref(int) int            { return 1 }
func (p *paper) TryClose() (int, error) { return 1, nil }
func (p *paper) Close() error           { return nil }
func (p *paper) peer() netip.AddrPort   { return netip.MustParseAddrPort("192.0.2.9:5060") }
func (p *paper) network() string        { return p.net }
func (p *paper) writeRaw(b []byte) error {
	p.out = append(p.out, bytes.Clone(b))
	return nil
}
func (p *paper) WriteMsg(m sip.Message) error { return p.writeRaw([]byte(m.String())) }

// deskLayer is a layer without sockets whose user answers 200 to everything.
func deskLayer() *Layer {
	cfg := Config{Logger: slog.New(slog.DiscardHandler), Request: func(in *Inbound) { _ = in.Reply(200, "OK") }}
	cfg.Limits.Rate = -1
	cfg.Limits.defaults()
	return &Layer{
		cfg: cfg, parser: sip.NewParser(sip.WithHeadersParsers(headerParsers())), strays: newSourceLimiter(cfg.Limits), gate: newGate(), rests: newRests(), limit: newSourceLimiter(cfg.Limits),
		local:   netip.MustParseAddrPort("127.0.0.1:5060"),
		servers: map[string]*Inbound{}, clients: map[string]*client{},
	}
}

// sample is a sound request with what we read most.
const sample = "INVITE sip:100@192.0.2.1;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKf1;rport\r\nVia: SIP/2.0/TCP [2001:db8::1]:5070;received=2001:db8::2;branch=z9hG4bKf0\r\n" +
	"Max-Forwards: 70\r\nFrom: \"A \\\"B\\\"\" <sip:a@192.0.2.9>;tag=1\r\nTo: <sip:100@192.0.2.1>\r\nCall-ID: f@192.0.2.9\r\nCSeq: 7 INVITE\r\n" +
	"Contact: <sip:a@192.0.2.9:5062;transport=udp>;expires=60;q=0.5\r\nRecord-Route: <sip:192.0.2.8;lr>, <sip:192.0.2.7;lr>\r\n" +
	"Session-Expires: 1800;refresher=uac\r\nSubject: folded\r\n here\r\nContent-Type: application/sdp\r\nContent-Length: 4\r\n\r\nv=0\n"

// take gives one message to a layer and says what is wrong with how it was taken.
func take(l *Layer, b []byte, network string) string {
	p := &paper{net: network}
	before := l.panics.Load()
	l.receive(bytes.Clone(b), p)
	if l.panics.Load() != before {
		return "a panic was caught"
	}
	if len(p.out) > 1 {
		return "two answers"
	}
	for _, out := range p.out {
		if !bytes.HasPrefix(out, []byte("SIP/2.0 ")) || !bytes.HasSuffix(out, []byte("\r\n\r\n")) || headerBytes(out) != "" {
			return "the answer is no response: " + string(out)
		}
		if bytes.HasPrefix(b, []byte("SIP/")) || bytes.HasPrefix(b, []byte("ACK ")) {
			return "an answer to what is never answered"
		}
	}
	return ""
}

// reread parses what a sound message is written as, and says how the two differ.
func reread(l *Layer, b []byte) string {
	if headerBytes(b) != "" {
		return ""
	}
	msg, err := l.parse(unfold(b))
	req, ok := msg.(*sip.Request)
	if err != nil || !ok {
		return ""
	}
	if code, _ := checkRequest(req); code != 0 {
		return ""
	}
	once := req.String()
	again, err := l.parse([]byte(once))
	if err != nil {
		return "what was read is written as what can't be read: " + err.Error() + "\n" + once
	}
	second := again.(*sip.Request)
	if code, reason := checkRequest(second); code != 0 {
		return "what was sound is written as what is not: " + reason + "\n" + once
	}
	if text := second.String(); text != once {
		return "two ways to write it:\n" + once + "\n" + text
	}
	if serverKey(req) != serverKey(second) {
		return "another transaction when read again:\n" + once
	}
	return ""
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte(sample))
	for _, b := range siptest.Torture(f) {
		f.Add(b.Data)
	}
	l := deskLayer()
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, network := range []string{"udp", "tcp"} {
			if wrong := take(l, b, network); wrong != "" {
				t.Fatal(wrong)
			}
		}
		if wrong := reread(l, b); wrong != "" {
			t.Fatal(wrong)
		}
	})
}

// A stream gives the same messages however it is cut, and each whole message
// has the length that its parser takes it for.
func FuzzFrame(f *testing.F) {
	f.Add([]byte("\r\n\r\n"+sample+sample), uint8(7))
	f.Add([]byte("A b C\r\nl: 3\r\n\r\nabcA b C\r\nContent-Length : 0\r\nL: 0\r\n\r\n"), uint8(1))
	l := deskLayer()
	f.Fuzz(func(t *testing.T, b []byte, step uint8) {
		whole := frames(t, b, len(b))
		parts := frames(t, b, int(step)+1)
		if len(whole) != len(parts) {
			t.Fatalf("%d messages at once, %d in pieces", len(whole), len(parts))
		}
		for i := range whole {
			if !bytes.Equal(whole[i], parts[i]) {
				t.Fatalf("message %d is %q at once, %q in pieces", i, whole[i], parts[i])
			}
			if headerBytes(whole[i]) != "" {
				continue
			}
			_, n, err := l.parser.Parse(unfold(whole[i]), false)
			if err == nil && n != len(unfold(whole[i])) {
				t.Fatalf("the parser takes %d of %d bytes of %q", n, len(whole[i]), whole[i])
			}
		}
	})
}

// frames cuts a stream that arrives in steps; it ends where cut would close it.
func frames(t *testing.T, b []byte, step int) (out [][]byte) {
	var buf []byte
	for len(b) > 0 {
		n := min(step, len(b))
		buf, b = append(buf, b[:n]...), b[n:]
		for {
			buf = bytes.TrimLeft(buf, "\r\n")
			size, reason := frame(buf, 16384)
			if reason != "" {
				return out
			}
			if size > len(buf) {
				t.Fatalf("a message of %d bytes in %d", size, len(buf))
			}
			if size == 0 {
				break
			}
			out = append(out, bytes.Clone(buf[:size]))
			buf = buf[size:]
		}
	}
	return out
}

// roundTrip writes a parsed value, reads it again and compares the texts.
func roundTrip(t *testing.T, in string, read func(string) (string, error)) {
	t.Helper()
	once, err := read(in)
	if err != nil {
		return
	}
	twice, err := read(once)
	if err != nil {
		t.Fatalf("%q is written as %q, which can't be read: %v", in, once, err)
	}
	if once != twice {
		t.Fatalf("%q is written as %q and then as %q", in, once, twice)
	}
}
