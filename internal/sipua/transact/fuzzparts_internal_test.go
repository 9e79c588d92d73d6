package transact

import (
	"errors"
	"testing"

	"github.com/emiago/sipgo/sip"
)

var errUnsound = errors.New("refused")

// A URI that is accepted as a request's target means the same when it is written again.
func FuzzURI(f *testing.F) {
	for _, s := range []string{
		"sip:a:b@[2001:db8::1]:5060;transport=tcp;lr?Subject=x&Route=%3csip:h%3e", "sips:%61%00@h.example", "tel:+1-201-555-0123;phone-context=+1",
		"sip:.1", "sip:[.1]", "sip:a@b@c", "sip:", "*", "sip:h:99999", "sip:a;b=c?d@h", "sip:h;x=\"y;z\"",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		roundTrip(t, s, func(s string) (string, error) {
			var u sip.Uri
			if err := parseURI(s, &u); err != nil {
				return "", err
			}
			if code, _ := checkURI(&u); code != 0 {
				return "", errUnsound
			}
			return u.String(), nil
		})
	})
}

// value reads a header line with our parsers and gives the values that checks let pass.
func value(name, text string) (string, error) {
	if headerBytes([]byte(name+": "+text+"\r\n\r\n")) != "" {
		return "", errUnsound
	}
	base := map[string]string{
		"Via": "SIP/2.0/UDP h;branch=z9hG4bKx", "From": "<sip:a@b>;tag=1", "To": "<sip:a@b>", "Contact": "<sip:a@b>",
	}
	base[name] = text
	raw := "OPTIONS sip:h SIP/2.0\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n"
	for _, n := range []string{"Via", "From", "To", "Contact"} {
		raw += n + ": " + base[n] + "\r\n"
	}
	msg, err := deskLayer().parse(unfold([]byte(raw + "\r\n")))
	if err != nil {
		return "", err
	}
	req := msg.(*sip.Request)
	if code, reason := checkRequest(req); code != 0 {
		return "", errors.New(reason)
	}
	out := ""
	for i, h := range req.GetHeaders(name) {
		if i > 0 {
			out += ", "
		}
		out += h.Value()
	}
	return out, nil
}

func FuzzNameAddr(f *testing.F) {
	for _, s := range []string{
		`"A \"B\"" <sip:a@b;x=y>;tag=1;q="a;b"`, "sip:a@b;tag=1", "<sip:a@b> ; TAG = 2;tag=3", `Müller <tel:+1>`, `"<sip:evil@h>" <sip:a@b>`, "<sip:a@b>,<sip:c@d>",
	} {
		f.Add("From", s)
		f.Add("Contact", s)
	}
	f.Fuzz(func(t *testing.T, name, s string) {
		if name != "From" && name != "To" && name != "Contact" {
			return
		}
		roundTrip(t, s, func(s string) (string, error) { return value(name, s) })
	})
}

func FuzzVia(f *testing.F) {
	for _, s := range []string{
		"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa;rport;received=192.0.2.2", "SIP / 2.0 / TCP [::1]:5061 ; branch = z9hG4bKb", "SIP/2.0/UDP h, SIP/2.0/TCP i;branch=x",
		"SIP/2.0/UDP h:99999", "SIP/2.0/UDP ;branch=", "SIP/2.0/UDP [h;branch=\"a,b;c\"", "SIP/2.0/UDP [::1]:", "SIP/2.0/UDP h:5060:5061",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		roundTrip(t, s, func(s string) (string, error) { return value("Via", s) })
	})
}
