package diagnose_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tandem/internal/diagnose"
)

// facts are those of a leg with a public peer, of which nothing came in 3 s.
func facts(change func(*diagnose.Facts)) diagnose.Facts {
	f := diagnose.Facts{
		Seconds: 3, Sent: 150, Expects: true, Sends: true, Codec: "PCMU",
		Remote: addr("198.51.100.7:4000"), Host: addr("198.51.100.7:5060").Addr(), Local: addr("203.0.113.1:10000"),
	}
	change(&f)
	return f
}

func addr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

type row struct {
	change func(*diagnose.Facts)
	reason diagnose.Reason
	words  string // in the text
}

func from(remote, host string) func(*diagnose.Facts) {
	return func(f *diagnose.Facts) { f.Remote, f.Host = addr(remote), netip.MustParseAddr(host) }
}

func TestIn(t *testing.T) {
	for name, c := range map[string]row{
		"nothing at all":             {func(*diagnose.Facts) {}, diagnose.Nothing, "sent 150 packets, received none: nothing comes from 198.51.100.7:4000 at all"},
		"which ports to open":        {func(*diagnose.Facts) {}, diagnose.Nothing, "203.0.113.1:10000"},
		"sound comes":                {func(f *diagnose.Facts) { f.Usable = 150 }, diagnose.Fine, ""},
		"RFC 1918":                   {from("192.168.1.20:4000", "198.51.100.7"), diagnose.Private, "192.168.1.20, which is private (RFC 1918), while its signalling comes from 198.51.100.7"},
		"RFC 1918, 10":               {from("10.1.2.3:4000", "198.51.100.7"), diagnose.Private, "private"},
		"RFC 1918, 172.16":           {from("172.31.2.3:4000", "198.51.100.7"), diagnose.Private, "private"},
		"next to RFC 1918":           {from("172.32.2.3:4000", "198.51.100.7"), diagnose.Nothing, "nothing comes from 172.32"},
		"a carrier's NAT":            {from("100.64.0.9:4000", "198.51.100.7"), diagnose.Private, "carrier's NAT"},
		"next to a carrier's NAT":    {from("100.128.0.9:4000", "198.51.100.7"), diagnose.Nothing, ""},
		"link-local":                 {from("169.254.3.4:4000", "198.51.100.7"), diagnose.Private, "link-local"},
		"unique local":               {from("[fd00::1]:4000", "2001:db8::1"), diagnose.Private, "unique local"},
		"IPv6 link-local":            {from("[fe80::1]:4000", "2001:db8::1"), diagnose.Private, "link-local"},
		"loopback":                   {from("127.0.0.1:4000", "198.51.100.7"), diagnose.Private, "machine itself"},
		"mapped":                     {from("[::ffff:192.168.1.20]:4000", "198.51.100.7"), diagnose.Private, "RFC 1918"},
		"both in one network":        {from("192.168.1.20:4000", "192.168.1.20"), diagnose.Nothing, ""},
		"both private, not the same": {from("192.168.1.20:4000", "10.0.0.5"), diagnose.Private, "10.0.0.5"},
		"our own address is private": {func(f *diagnose.Facts) { f.Local = addr("10.0.0.2:10000") }, diagnose.OurPrivate, `set "public"`},
		"ours too, but so is theirs": {func(f *diagnose.Facts) { f.Local = addr("10.0.0.2:10000"); from("10.0.0.9:4000", "10.0.0.9")(f) }, diagnose.Nothing, ""},
		"from elsewhere":             {func(f *diagnose.Facts) { f.Foreign, f.ForeignFrom = 100, addr("203.0.113.99:7000") }, diagnose.Elsewhere, "100 packets came from 203.0.113.99:7000, but the peer's description names 198.51.100.7:4000"},
		"from another port":          {func(f *diagnose.Facts) { f.Foreign, f.ForeignFrom = 100, addr("198.51.100.7:4002") }, diagnose.Elsewhere, "wrong port"},
		"from who signals": {func(f *diagnose.Facts) {
			from("192.168.1.20:4000", "198.51.100.7")(f)
			f.Foreign, f.ForeignFrom = 2, addr("198.51.100.7:9")
		}, diagnose.Elsewhere, "machine that signals"},
		"another codec":               {func(f *diagnose.Facts) { f.Unknown, f.UnknownType = 150, 18 }, diagnose.WrongCodec, "150 packets came of payload type 18, which was not agreed (PCMU was)"},
		"other keys":                  {func(f *diagnose.Facts) { f.BadTags = 150 }, diagnose.BadTags, "can't be authenticated"},
		"other keys and strangers":    {func(f *diagnose.Facts) { f.BadTags, f.Foreign = 150, 3 }, diagnose.BadTags, "SRTP"},
		"a codec and strangers":       {func(f *diagnose.Facts) { f.Unknown, f.Foreign = 150, 3 }, diagnose.WrongCodec, ""},
		"a handshake":                 {func(f *diagnose.Facts) { f.Insecure, f.Invalid = true, 3 }, diagnose.Handshake, "DTLS"},
		"no RTP":                      {func(f *diagnose.Facts) { f.Invalid = 20 }, diagnose.NotRTP, "20 packets came that are no RTP"},
		"a closed port":               {func(f *diagnose.Facts) { f.Refused = 7 }, diagnose.Closed, "answered 7 times that nothing listens at 198.51.100.7:4000"},
		"private, and unreachable":    {func(f *diagnose.Facts) { from("10.1.2.3:4000", "198.51.100.7")(f); f.Refused = 3 }, diagnose.Private, ""},
		"a closed port, once":         {func(f *diagnose.Facts) { f.Refused = 1 }, diagnose.Closed, "once"},
		"no route":                    {func(f *diagnose.Facts) { f.Sent, f.SendFailed = 0, 150 }, diagnose.Unsendable, "can't send to 198.51.100.7:4000"},
		"no address":                  {func(f *diagnose.Facts) { f.Remote = netip.AddrPort{} }, diagnose.NoAddress, "names no address"},
		"no port":                     {func(f *diagnose.Facts) { f.Remote = addr("198.51.100.7:0") }, diagnose.NoAddress, ""},
		"only RTCP":                   {func(f *diagnose.Facts) { f.Reports = 1 }, diagnose.NoRTP, "1 report of RTCP came, but no sound"},
		"on hold":                     {func(f *diagnose.Facts) { f.Expects, f.Held = false, true }, diagnose.Held, "holds"},
		"only listens":                {func(f *diagnose.Facts) { f.Expects = false }, diagnose.Held, "only listens"},
		"comfort noise":               {func(f *diagnose.Facts) { f.Quiet = true }, diagnose.Pausing, "comfort noise"},
		"comfort noise, now and then": {func(f *diagnose.Facts) { f.Quiet, f.Usable = true, 2 }, diagnose.Pausing, ""},
		"it stopped":                  {func(f *diagnose.Facts) { f.Heard = true }, diagnose.Stopped, "the peer's sound stopped: nothing at all comes any more"},
		"it stopped, reports go on":   {func(f *diagnose.Facts) { f.Heard, f.Reports = true, 1 }, diagnose.Stopped, "reports go on"},
		"it stopped, port closed":     {func(f *diagnose.Facts) { f.Heard, f.Refused = true, 40 }, diagnose.Closed, "the peer's sound stopped: the network answered 40 times"},
		"it changed its codec":        {func(f *diagnose.Facts) { f.Heard, f.Unknown, f.UnknownType = true, 40, 97 }, diagnose.WrongCodec, "stopped: 40 packets came of payload type 97"},
		"it moved":                    {func(f *diagnose.Facts) { f.Heard, f.Foreign, f.ForeignFrom = true, 40, addr("203.0.113.99:7000") }, diagnose.Elsewhere, "stopped: 40 packets came from 203"},
		"one packet a second":         {func(f *diagnose.Facts) { f.Usable = 3 }, diagnose.Thin, "only 3 packets came in 3 s"},
		"few, but it just began":      {func(f *diagnose.Facts) { f.Usable, f.Seconds = 3, 0.5 }, diagnose.Fine, ""},
		"a sixth of what is usual":    {func(f *diagnose.Facts) { f.Usable = 25 }, diagnose.Fine, ""},
	} {
		check(t, name, diagnose.In(facts(c.change)), c)
	}
}

func TestOut(t *testing.T) {
	talking := func(change func(*diagnose.Facts)) func(*diagnose.Facts) {
		return func(f *diagnose.Facts) { f.Usable, f.Reports = 150, 2; change(f) }
	}
	for name, c := range map[string]row{
		"nothing is known":       {talking(func(f *diagnose.Facts) { f.Reports = 0 }), diagnose.Fine, ""},
		"reports tell of us":     {talking(func(*diagnose.Facts) {}), diagnose.Fine, ""},
		"one does not":           {talking(func(f *diagnose.Facts) { f.Blind = 1 }), diagnose.Fine, ""},
		"two do not":             {talking(func(f *diagnose.Facts) { f.Blind = 2 }), diagnose.Unheard, "its last 2 reports tell of no packet of the 150 that we sent; its own sound comes"},
		"and its address":        {talking(func(f *diagnose.Facts) { f.Blind = 2; from("10.0.0.9:4000", "198.51.100.7")(f) }), diagnose.Unheard, "10.0.0.9, which is private"},
		"we have sent little":    {talking(func(f *diagnose.Facts) { f.Blind, f.Sent = 2, 10 }), diagnose.Fine, ""},
		"on hold":                {talking(func(f *diagnose.Facts) { f.Blind, f.Held = 2, true }), diagnose.Held, ""},
		"it only sends":          {talking(func(f *diagnose.Facts) { f.Blind, f.Sends = 2, false }), diagnose.Held, ""},
		"closed, but it talks":   {talking(func(f *diagnose.Facts) { f.Refused = 100 }), diagnose.Closed, "though the peer's own sound comes"},
		"one refusal, of before": {talking(func(f *diagnose.Facts) { f.Refused = 1 }), diagnose.Fine, ""},
		"no route":               {talking(func(f *diagnose.Facts) { f.SendFailed = 150 }), diagnose.Unsendable, "can't send"},
		"no way at all":          {talking(func(f *diagnose.Facts) { f.Sent, f.SendFailed = 0, 150 }), diagnose.Unsendable, "can't send"},
	} {
		check(t, name, diagnose.Out(facts(c.change)), c)
	}
}

func check(t *testing.T, name string, got diagnose.Finding, want row) {
	t.Helper()
	if got.Reason != want.reason || !strings.Contains(got.Text, want.words) {
		t.Errorf("%s: %s: %q, want %s: %q", name, got.Reason, got.Text, want.reason, want.words)
	}
	if fault := slices.Contains(diagnose.Reasons(), got.Reason); fault != got.Fault || fault != (got.Data != nil) {
		t.Errorf("%s: %s is a fault: %v, with evidence %v", name, got.Reason, got.Fault, got.Data)
	}
}
