package engine_test

import (
	"testing"

	"tandem/internal/engine"
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
