package hoiio_test

import (
	"strings"
	"testing"
)

// Parameters of any text are answered with one of the vendor's statuses, and what
// is made of them is a program that can run.
func FuzzParams(f *testing.F) {
	methods := []string{"ivr/middle/gather", "ivr/middle/play", "ivr/start/dial", "ivr/end/transfer", "ivr/middle/record", "ivr/middle/hold", "ivr/end/hangup", "user/update_settings"}
	for _, s := range []string{"msg=hello&max_digits=3&timeout=5&attempts=2", "dest=%2B6591111111&caller_id=private", "notify_url=http%3A%2F%2Fh%2F&tag=a%00b",
		"%zz", "room=..%2f&dest=*", "timezone=Local&max_duration=1e9", "session=SLIVE&notify_url=http://app/&msg=x"} {
		for m := range methods {
			f.Add(uint8(m), s)
		}
	}
	fx := newFixture(f)
	f.Fuzz(func(t *testing.T, m uint8, form string) {
		method := methods[int(m)%len(methods)]
		fx.t, fx.taken = t, nil
		fx.session("ready", "")
		status := fx.status(method, form)
		if status != "success_ok" && !strings.HasPrefix(status, "error_") {
			t.Fatalf("%s %q: the status is %q", method, form, status)
		}
	})
}
