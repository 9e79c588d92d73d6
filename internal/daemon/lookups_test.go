package daemon_test

import (
	"strconv"
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

// TestSoundsByNumberAndFileName finds a sound by what a variable of a call may
// hold, and another account's by nothing.
func TestSoundsByNumberAndFileName(t *testing.T) {
	d, _ := run(t, settings(t))
	owner := account(t, d.Store())
	other, _, err := d.Admin().CreateAccount(t.Context(), admin.AccountSpec{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Store().CreateSound(t.Context(), voice.Sound{ID: "S-offer", Tenant: owner, Name: "Offer", FileName: "offer of ours.wav", Blob: "b"}); err != nil {
		t.Fatal(err)
	}
	kept, err := d.Store().Sound(t.Context(), owner, "S-offer")
	if err != nil || kept.Serial == 0 {
		t.Fatal(kept, err)
	}
	for _, name := range []string{"S-offer", strconv.FormatInt(kept.Serial, 10), "offer of ours.wav"} {
		if s, err := d.LookUpSound(t.Context(), owner, voice.SoundID(name)); err != nil || s.ID != "S-offer" {
			t.Errorf("%q: %q, %v", name, s.ID, err)
		}
		if s, err := d.LookUpSound(t.Context(), other.ID, voice.SoundID(name)); !voice.IsKind(err, voice.NotExist) {
			t.Errorf("another account finds %q: %q, %v", name, s.ID, err)
		}
	}
	for _, name := range []string{"", "0", "offer"} {
		if _, err := d.LookUpSound(t.Context(), owner, voice.SoundID(name)); !voice.IsKind(err, voice.NotExist) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
