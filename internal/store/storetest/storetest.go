// Package storetest is the conformance suite of the store contracts of package
// voice, one file per noun: whatever store the program runs on passes Run.
//
// It is not a test of one database's own behaviour; that stands beside the
// store. Each noun gets a fresh, empty store from its caller.
package storetest

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tandem/internal/voice"
)

// Store is every contract at once.
type Store interface {
	voice.TenantStore
	voice.UserStore
	voice.TokenStore
	voice.SettingStore
	voice.NumberStore
	voice.AppStore
	voice.SoundStore
	voice.ExtensionStore
	voice.ExtensionPolicyStore
	voice.BindingStore
	voice.TrunkStore
	voice.CallStore
	voice.CallCounter
	voice.RecordingStore
	voice.CaptureStore
	CaptureUsage(ctx context.Context, t voice.TenantID) (voice.CaptureUsage, error)
	voice.MessageStore
	voice.MailStore
	voice.ResourceStore
	voice.DeliveryStore
	voice.DeliveryLog
	voice.AccessTokenStore
	voice.AuditStore
	voice.FactorStore
	voice.FactorCodeStore
	voice.SessionStore
	voice.PasskeyStore
	voice.PasskeyUseStore
}

// Harness is what a noun is tested with.
type Harness struct {
	Store Store // empty
}

// Accounts that every noun finds.
const (
	ours   voice.TenantID = "100000001"
	theirs voice.TenantID = "100000002"
)

// Run tests the stores that open makes; open cleans up by t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) *Harness) {
	nouns := []struct {
		name string
		test func(t *testing.T, s Store)
	}{
		{"tenants", testTenants},
		{"users", testUsers},
		{"user deletion", testUserDeletion},
		{"tokens", testTokens},
		{"settings", testSettings},
		{"numbers", testNumbers},
		{"apps", testApps},
		{"sounds", testSounds},
		{"extensions", testExtensions},
		{"bindings", testBindings},
		{"trunks", testTrunks},
		{"cdrs", testCDRs},
		{"counts of calls", testCounts},
		{"events", testEvents},
		{"batches of calls", testCallBatch},
		{"recordings", testRecordings},
		{"captures", testCaptures},
		{"messages", testMessages},
		{"mails", testMails},
		{"serials", testSerials},
		{"resources", testResources},
		{"deliveries", testDeliveries},
		{"access tokens", testAccessTokens},
		{"audit", testAudit},
		{"second factors", testFactors},
		{"passkeys", testPasskeys},
		{"log-ins", testSessions},
		{"isolation", testIsolation},
		{"hostile text", testHostileText},
	}
	for _, noun := range nouns {
		t.Run(noun.name, func(t *testing.T) {
			s := open(t).Store
			for _, id := range []voice.TenantID{ours, theirs} {
				ok(t, s.CreateTenant(t.Context(), tenant(id)))
			}
			noun.test(t, s)
		})
	}
}

// moment gives the n-th second of the suite's time, with microseconds.
func moment(n int) time.Time {
	return time.Date(2026, 11, 1, 10, 0, 0, 123456000, time.UTC).Add(time.Duration(n) * time.Second)
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// want fails unless err has the kind; "" wants no error.
func want(t *testing.T, what string, err error, kind voice.Kind) {
	t.Helper()
	if got := voice.KindOf(err); got != kind {
		t.Errorf("%s: kind %q (%v), want %q", what, got, err, kind)
	}
}

// mentions fails unless the words of err hold text.
func mentions(t *testing.T, err error, text string) {
	t.Helper()
	if err != nil && !strings.Contains(err.Error(), text) {
		t.Errorf("%q does not say %q", err, text)
	}
}

// read takes what a method answered and gives the value in t, which fails when
// the method did.
func read[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		ok(t, err)
		return v
	}
}

// second gives the error of what a method answered.
func second[T any](_ T, err error) error { return err }

// same fails unless both are equal; nil and empty lists are, and a number that
// the store drew and the test does not know.
func same[T any](t *testing.T, what string, have, wanted T) {
	t.Helper()
	if d := cmp.Diff(wanted, have, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Prefix{}), anySerial()); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func anySerial() cmp.Option {
	return cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Serial" },
		cmp.Comparer(func(a, b int64) bool { return a == b || a == 0 || b == 0 }))
}

// ids gives what key takes from each of list.
func ids[T any, K any](list []T, key func(T) K) []K {
	out := make([]K, len(list))
	for i, v := range list {
		out[i] = key(v)
	}
	return out
}
