package daemon_test

import (
	"testing"
	"time"

	"tandem/internal/admin"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// TestChangesCountAtOnce changes where a number goes, again and again: each call
// that follows a change goes by it, although calls take the configuration from memory.
func TestChangesCountAtOnce(t *testing.T) {
	d, _ := run(t, settings(t))
	accounts, err := d.Admin().Accounts(t.Context())
	if err != nil || len(accounts) != 1 {
		t.Fatal(accounts, err)
	}
	account := accounts[0].Tenant.ID
	const number = "+12025550111"
	if _, err := d.Admin().AddNumber(t.Context(), account, number, voice.Destination{}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Admin().AddExtension(t.Context(), account, admin.ExtensionSpec{Number: "601"}); err != nil {
		t.Fatal(err)
	}
	p, err := phone.New(phone.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for i := range 6 {
		dest, want := voice.Destination{}, 404
		if i%2 == 1 { // an extension that no phone is registered as
			dest, want = voice.Destination{Kind: voice.ToExtension, ID: "601"}, 503
		}
		if _, err := d.Admin().RouteNumber(t.Context(), account, number, dest); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			c, err := p.Invite("sip:"+number+"@"+d.SIPAddr().String(), phone.CallOptions{})
			if err != nil {
				t.Fatal(err)
			}
			select {
			case <-c.Done():
			case <-time.After(5 * time.Second):
				t.Fatal("no answer")
			}
			if e, _ := c.Ending(); e.Status != want {
				t.Fatalf("change %d to %q: status %d, want %d", i, dest, e.Status, want)
			}
		}
	}
}
