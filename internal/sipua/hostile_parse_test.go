package sipua_test

import (
	"fmt"
	"strings"
	"testing"

	"tandem/internal/sipua"
)

func hostileConfig() sipua.Config {
	st := newStore("127.0.0.1", "alice", "bob")
	return sipua.Config{Realm: "127.0.0.1", Extensions: st, Bindings: st}
}

// limits of the header section, and bytes that readers differ about.
func TestHostileHeaders(t *testing.T) {
	o := asks("OPTIONS")
	name := func(s string) []byte { return o.add(s + "1").bytes() }
	run(t, besieged(t, hostileConfig()), []row{
		{"A-07", "1,000 headers", o.add(strings.Split(times(1000, "X-%d: 1,")+"X: y", ",")...).bytes(), "400"},
		{"A-07", "a header of 9 KB", o.add("X-Long: " + strings.Repeat("a", 9000)).bytes(), "200"},
		{"A-07", "a header of 64 KB", o.add("X-Long: " + strings.Repeat("a", 64000)).bytes(), "513"},
		{"A-07", "100 Via", o.add("Via: " + times(100, "SIP/2.0/UDP h;branch=z9hG4bK%d,") + "SIP/2.0/UDP h").bytes(), "400"},
		{"A-07", "10,000 Via", o.add("Via: " + times(10000, "SIP/2.0/UDP h,") + "SIP/2.0/UDP h").bytes(), "513"},
		{"A-07", "300 Route", o.add("Route: " + times(300, "<sip:h%d;lr>,") + "<sip:h;lr>").bytes(), "400"},
		{"A-07", "40 Contact", o.set("Contact", times(40, "<sip:h%d>,")+"<sip:h>").bytes(), "400"},
		{"A-07", "500 parameters", o.set("From", "<sip:x@y>;tag=1"+times(500, ";p%d=1")).bytes(), "400"},
		{"A-07", "500 parameters of the URI", o.to("sip:alice@127.0.0.1" + times(500, ";p%d=1")).bytes(), "400 414"},
		{"A-07", "quotes in quotes", o.set("From", `"a \"b\" \\ <sip:q@r>;tag=0" <sip:x@y>;tag=1`).bytes(), "200"},
		{"A-07", "quotes that stay open", o.set("From", `"a \" <sip:x@y>;tag=1`).bytes(), "400"},
		{"A-07", "1,000 folded lines", o.add("X-Folded: a" + times(1000, "\r\n b%d")).bytes(), "200 400"},
		{"A-07", "a request URI of 3 KB", o.to("sip:" + strings.Repeat("a", 3000) + "@127.0.0.1").bytes(), "414"},
		{"A-08", "NUL in a value", o.add("X-H: a\x00b").bytes(), "400"},
		{"A-08", "NUL in a name", name("X-\x00H:"), "400"},
		{"A-08", "bare CR", o.add("X-H: a\rX-I: b").bytes(), "400"},
		{"A-08", "bare LF", o.add("X-H: a\nX-I: b").bytes(), "400"},
		{"A-08", "overlong UTF-8", o.set("From", "\"\xc0\xaf\" <sip:x@y>;tag=1").bytes(), "200 400"},
		{"A-08", "UTF-8 as a name", name("X-Ä:"), "400"},
		{"A-08", "a no-break space before the colon", name("X-H\u00a0:"), "400"},
		{"A-08", "a control character before the colon", name("X-H\x0b:"), "400"},
		{"A-08", "no name", name(":"), "400"},
		{"A-08", "a blank within a name", name("X H:"), "400"},
		{"A-08", "a blank before the colon", name("X-H :"), "200"},
		{"A-08", "a tab before the colon", name("X-H\t:"), "200"},
		{"A-08", "a line without a colon", name("hello"), "400"},
		{"A-08", "a second To in its short form", o.add("t: <sip:bob@y>").bytes(), "400"},
		{"A-08", "a second To with a blank", o.add("To : <sip:bob@y>").bytes(), "400"},
		{"A-08", "a second Content-Length that one reader misses", o.add("Content-Length\u0085: 5").bytes(), "400"},
		{"A-08", "two tags", o.set("From", "<sip:x@y>;tag=1;TAG=2").bytes(), "400"},
		{"A-08", "a tag within quotes", o.set("From", `<sip:x@y>;x=";tag=2";tag=1`).bytes(), "200"},
		{"A-08", "two branches", o.set("Via", "SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKa{id};Branch=z9hG4bKb{id};rport").bytes(), "400"},
		{"A-08", "two types of the body", o.add("c: text/plain").with("application/sdp", "v=0"), "400"},
		{"A-08", "two lifetimes", o.add("Expires: 1", "Expires: 2").bytes(), "400"},
	})
}

// A-09 over UDP; TestContentLengthOverTCP has the rest.
func TestHostileContentLength(t *testing.T) {
	var rows []row
	for _, n := range []string{"-1", "+5", "0x10", "2147483648", "18446744073709551616", "5", "1 1", "", "٣"} {
		text := strings.Replace(string(asks("OPTIONS").bytes()), "Content-Length: 0", "Content-Length: "+n, 1)
		rows = append(rows, row{"A-09", fmt.Sprintf("%q", n), []byte(text), "400 513 silence"})
	}
	text := strings.Replace(string(asks("OPTIONS").bytes()), "Content-Length: 0", "Content-Length: 0\r\nl: 4", 1)
	run(t, besieged(t, hostileConfig()), append(rows, row{"A-09", "two", []byte(text + "abcd"), "400"}))
}

// B-01, B-10, B-11, B-13, B-19, B-21, B-22, B-23: what broke other parsers.
func TestHostileFields(t *testing.T) {
	o, inv := asks("OPTIONS"), asks("INVITE")
	var rows []row
	add := func(id, want string, data []byte, format string, args ...any) {
		rows = append(rows, row{id, fmt.Sprintf(format, args...), data, want})
	}
	for _, n := range []int{600, 8000} {
		add("B-01", "400", inv.set("CSeq", "1 "+strings.Repeat("A", n)).bytes(), "a CSeq method of %d letters", n)
	}
	add("B-01", "513", inv.set("CSeq", "1 "+strings.Repeat("A", 60000)).bytes(), "a CSeq method of 60,000 letters")
	for n := 1; n <= 2048; n += soak(97, 1) {
		add("B-10", "200 400", o.set("From", "<sip:x@y>;tag="+strings.Repeat("t", n)).bytes(), "a tag of %d", n)
		add("B-10", "200 400", o.set("Via", "SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bK{id}"+strings.Repeat("b", n)).bytes(), "a branch of %d", n)
	}
	for _, v := range []string{
		"SIP/2.0/UDP ;branch=z9hG4bK{id}", "SIP/2.0/UDP :5060", "SIP/2.0/UDP", "SIP/2.0", "/2.0/UDP h", "SIP//UDP h", "SIP/2.0/ h", "SIP/2.0/UDP h:0", "SIP/2.0/UDP h:65536",
		"SIP/2.0/UDP h:-1", "SIP/2.0/UDP h:1:2", "SIP/2.0/UDP [::1", "SIP/2.0/UDP [::1]x", "SIP/2.0/UDP [h]", "SIP/2.0/UDP a b", "SIP/2.0/UDP h;branch=", "SIP/2.0/UDP h;=x", "SIP/2.0/UDP h;branch=\"",
		"SIP/2.0/UDP h,", ",SIP/2.0/UDP h", "SIP/2.0/UDP .1", "SIP/2.0/UDP h;ttl=1;ttl=2", strings.Repeat("SIP/2.0/UDP h;", 600),
	} {
		add("B-11", "400 silence", o.set("Via", v).bytes(), "Via %.40q", v)
	}
	for c := byte(1); c <= 0x20; c++ {
		if c != '\r' && c != '\n' && c != '\t' && c != ' ' {
			add("B-13", "400 silence", []byte(strings.Replace(string(o.bytes()), "\r\nTo:", "\r\nTo"+string(rune(c))+":", 1)), "%#x before the colon", c)
		}
	}
	for _, end := range []string{"%", "%4", "%zz", "%g0"} {
		add("B-19", "400", o.to("sip:alice"+end+"@127.0.0.1").bytes(), "user ends in %s", end)
		add("B-19", "400", o.to("sip:alice@127.0.0.1;x="+end).bytes(), "URI ends in %s", end)
		add("B-19", "200 400", o.set("To", "<sip:alice"+end+"@127.0.0.1>").bytes(), "To with %s", end)
		add("B-19", "200 400", o.set("Contact", "<sip:alice"+end+"@127.0.0.1>").bytes(), "Contact with %s", end)
	}
	add("B-19", "200", o.to("sip:alice%00@127.0.0.1").bytes(), "user ends in %%00")
	for _, host := range []string{".1", "[.1]", "1..2", "-x", "[::1", "[[::1]]", "[127.0.0.1]", "[fe80::1%25eth0]", "a_b\u00e9", strings.Repeat("h", 300)} {
		add("B-21", "400", inv.set("Contact", "<sip:x@"+host+">").with("application/sdp", string(sdp(5000))), "Contact host %.20q", host)
		add("B-21", "400", o.set("From", "<sip:x@"+host+">;tag=1").bytes(), "From host %.20q", host)
		add("B-21", "400", o.to("sip:x@"+host).bytes(), "request URI with host %.20q", host)
		add("B-21", "200 400", o.add("Route: <sip:"+host+";lr>").bytes(), "Route host %.20q", host)
		add("B-21", "400 403 481", asks("REFER").add("Refer-To: <sip:x@"+host+">").bytes(), "Refer-To host %.20q", host)
		add("B-21", "200 400", inv.add("Record-Route: <sip:"+host+";lr>").with("application/sdp", string(sdp(5000))), "Record-Route host %.20q", host)
	}
	for _, must := range []string{"Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards"} {
		value := ""
		for _, line := range o {
			if v, ok := strings.CutPrefix(line, must+": "); ok {
				value = v
			}
		}
		want := "400 silence"
		if must == "Max-Forwards" {
			want = "200" // RFC 2543 had none
		}
		add("B-22", want, o.set(must).bytes(), "no %s", must)
		add("B-22", "400 silence", o.set(must, "").bytes(), "an empty %s", must)
		if must != "Via" {
			add("B-22", "400", o.set(must, value, value).bytes(), "%s twice", must)
		}
	}
	for _, v := range []string{"<", ">", "<>", "<sip:", "sip:@", "\"", "\"\" <", "<sip:x@y", "sip:x@y>", "<<sip:x@y>>", "<sip:x@y>x", "<sip:x@y>;tag", "<sip:x@y>;tag=", "<sip:x@y>;=1", ";tag=1", "*", ",", "<sip:x@y>,<sip:x@y>", "a\\b <sip:x@y>", "<sip:x y@h>"} {
		add("B-23", "200 400 silence", o.set("From", v).bytes(), "From %q", v)
		add("B-23", "200 400 481 silence", o.set("To", v).bytes(), "To %q", v)
		add("B-23", "200", inv.add("Diversion: "+v, "P-Asserted-Identity: "+v, "History-Info: "+v).with("application/sdp", string(sdp(5000))), "Diversion %q", v)
	}
	run(t, besieged(t, hostileConfig()), rows)
}

// B-06, B-24, B-25: methods that need no answer from us beyond no.
func TestHostileMethods(t *testing.T) {
	sub := asks("SUBSCRIBE").add("Event: presence")
	rows := []row{
		{"B-06", "50 Accepts", sub.add(strings.Split(times(50, "Accept: a/b%d,")+"X: y", ",")...).bytes(), "489"},
		{"B-06", "500 Accepts", sub.add(strings.Split(times(500, "Accept: a/b%d,")+"X: y", ",")...).bytes(), "400"},
		{"B-06", "5,000 Accepts", sub.add(strings.Split(times(5000, "Accept: a/b%d,")+"X: y", ",")...).bytes(), "513"},
	}
	for _, m := range []string{"MESSAGE", "INFO", "NOTIFY", "PUBLISH", "REFER", "UPDATE", "PRACK", "BYE"} {
		rows = append(rows, row{"B-24", m, asks(m).add("Refer-To: <sip:900@example.com>", "Event: presence").with("text/plain", "hello"), "401 403 405 481 489"})
	}
	for _, e := range []string{"presence", "dialog", "message-summary", "reg", "refer", "", "x;id=1"} {
		rows = append(rows, row{"B-25", e, asks("SUBSCRIBE").add("Event: "+e, "Expires: 600").bytes(), "401 489"})
	}
	a := besieged(t, hostileConfig())
	run(t, a, rows)
	p := newPeer(t, a)
	p.request("SUBSCRIBE", uri("alice", a), "sub", "f", "<sip:alice@127.0.0.1>", 1, "", "Event: presence", "Expires: 600")
	p.until("SIP/2.0 489", "SUBSCRIBE")
	if m, ok := p.read(200e6); ok {
		t.Errorf("B-25: after the refusal came %q", m.start)
	}
}
