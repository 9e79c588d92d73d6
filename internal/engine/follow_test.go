package engine_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"tandem/internal/engine"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// TestRedirectionIsRead tells whom a Contact is for from what only looks so.
func TestRedirectionIsRead(t *testing.T) {
	for contact, want := range map[string]string{
		"sip:+46123@carrier.test":                  "+46123 at carrier.test",
		"sip:+46123;isub=1@192.0.2.1:5070;user=ph": "+46123 at 192.0.2.1:5070",
		"tel:+46123;phone-context=x":               "+46123 at ",
		"sip:102@[2001:db8::1]:5060?Replaces=x":    "102 at [2001:db8::1]:5060",
		"sip:carrier.test":                         "refused",
		"mailto:x@y":                               "refused",
		"sips:a@b":                                 "refused",
		"":                                         "refused",
	} {
		user, host, err := engine.Redirection(contact)
		got := user + " at " + host
		if err != nil {
			got = "refused"
		}
		if got != want {
			t.Errorf("%q is %q, not %q", contact, got, want)
		}
	}
}

// movingPhone is a telephone that answers every INVITE with 302.
func movingPhone(t *testing.T, contact string) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { c.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 8192)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			text := string(buf[:n])
			if !strings.HasPrefix(text, "INVITE ") {
				continue
			}
			var keep []string
			for line := range strings.SplitSeq(text, "\r\n") {
				name, _, _ := strings.Cut(line, ":")
				switch name {
				case "Via", "From", "Call-ID", "CSeq":
					keep = append(keep, line)
				case "To":
					keep = append(keep, line+";tag=moved")
				}
			}
			fmt.Fprintf(udpTo{c, from}, "SIP/2.0 302 Moved\r\n%s\r\nContact: <%s>\r\nContent-Length: 0\r\n\r\n", strings.Join(keep, "\r\n"), contact)
		}
	}()
	return c.LocalAddr().String()
}

type udpTo struct {
	c  net.PacketConn
	to net.Addr
}

func (u udpTo) Write(b []byte) (int, error) { return u.c.WriteTo(b, u.to) }

// TestTelephoneRedirects follows a telephone's 302 where the setting says so, to
// its own server and what the account may dial, and says why otherwise (I-04).
func TestTelephoneRedirects(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		most    int
		contact string // %s = the server
		want    string // on the timeline; "" = 102 is reached
	}{
		"no policy":       {0, "sip:102@%s", "telephones may not redirect calls here"},
		"own server":      {1, "sip:102@%s", ""},
		"foreign":         {3, "sip:102@192.0.2.66", "192.0.2.66 is not this server"},
		"itself":          {3, "sip:101@%s", "it was rung already"},
		"nobody":          {3, "sip:103@%s", "no phone is registered as 103"},
		"premium number":  {3, "sip:+469001234567@%s", "is not followed"},
		"without a trunk": {3, "tel:+46850000001", "the account has no trunk"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			far := farPhone(t, phone.Options{})
			var result voice.DialResult
			r := newRig(t, func(ctx context.Context, c *engine.Call) (err error) {
				result, err = c.Dial(ctx, voice.DialSpec{Targets: []voice.Target{{Kind: voice.ToExtension, ID: "101"}}})
				return err
			}, func(cfg *engine.Config) { cfg.Redirects = tt.most })
			contact := tt.contact
			if strings.Contains(contact, "%s") {
				contact = fmt.Sprintf(contact, r.agent.Addr())
			}
			for ext, at := range map[string]string{"101": movingPhone(t, contact), "102": far.Addr().String()} {
				if err := r.store.AddExtension(t.Context(), voice.Extension{Tenant: tenant, Number: ext, Username: ext}); err != nil {
					t.Fatal(err)
				}
				if err := r.store.PutBinding(t.Context(), voice.Binding{Tenant: tenant, Extension: ext, Contact: "sip:" + ext + "@" + at,
					Source: at, Transport: "udp", Expires: time.Now().Add(time.Hour)}); err != nil {
					t.Fatal(err)
				}
			}
			r.call(phone.Options{})
			if tt.want == "" {
				b := incoming(t, far)
				if err := b.Answer(t.Context()); err != nil {
					t.Fatal(err)
				}
				b.Hangup(t.Context())
			}
			if err := r.over(); err != nil {
				t.Fatalf("%v\n%s", err, r.timeline())
			}
			if tt.want != "" {
				r.noted(voice.EventSIP, tt.want)
				if result.End != voice.DialFailed {
					t.Errorf("result %+v", result)
				}
			} else {
				r.noted(voice.EventSIP, "is followed")
				r.noted(voice.EventLegAnswered, "")
			}
		})
	}
}
