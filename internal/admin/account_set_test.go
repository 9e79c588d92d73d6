package admin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tandem/internal/admin"
	"tandem/internal/voice"
)

func TestSetRescue(t *testing.T) {
	a := newAdmin(t)
	ours, theirs := account(t, a, "Acme"), account(t, a, "Beta")
	own := "VA" + voice.AppID(ours)
	if tn, err := a.SetRescue(t.Context(), ours, own); err != nil || tn.Rescue != own {
		t.Errorf("%+v, %v", tn, err)
	}
	_, err := a.SetRescue(t.Context(), theirs, own)
	wantField(t, err, "rescue", "has no app "+string(own))
	_, err = a.SetRescue(t.Context(), "1", own)
	wantField(t, err, "account", "no account 1")
	if tn, err := a.SetRescue(t.Context(), ours, ""); err != nil || tn.Rescue != "" {
		t.Errorf("%+v, %v", tn, err)
	}
}

func TestSetLimits(t *testing.T) {
	a := newAdmin(t)
	ours := account(t, a, "Acme")
	two, none, many := 2, 0, voice.MaxCallsPerSecond+1
	if tn, err := a.SetLimits(t.Context(), ours, admin.LimitsChange{OutboundCalls: &two, MaxQueued: &two}); err != nil || tn.Limits != (voice.Limits{OutboundCalls: 2, MaxQueued: 2}) {
		t.Errorf("%+v, %v", tn.Limits, err)
	}
	if _, err := a.SetLimits(t.Context(), ours, admin.LimitsChange{MaxQueued: &none, CallsPerSecond: &two}); err != nil {
		t.Error(err)
	}
	_, err := a.SetLimits(t.Context(), ours, admin.LimitsChange{InboundCalls: &two, CallsPerSecond: &many})
	wantField(t, err, "calls-per-second", "1001 is not between 0 and 1000")
	if tn, err := a.SetLimits(t.Context(), ours, admin.LimitsChange{}); err != nil || tn.Limits != (voice.Limits{OutboundCalls: 2, CallsPerSecond: 2}) {
		t.Errorf("%+v, %v", tn.Limits, err)
	}
	_, err = a.SetLimits(t.Context(), "1", admin.LimitsChange{})
	wantField(t, err, "account", "no account 1")
}

func TestAllow(t *testing.T) {
	a := newAdmin(t)
	ours := account(t, a, "Acme")
	allow := func(remove bool, nets ...string) string {
		list, err := a.Allow(t.Context(), ours, nets, remove)
		if err != nil {
			return voice.Reason(err)
		}
		tn, err := a.Store.Tenant(t.Context(), ours)
		if err != nil || !slices.Equal(tn.Allow, list) {
			t.Errorf("%v is not what is kept: %v, %v", list, tn.Allow, err)
		}
		return fmt.Sprint(list)
	}
	for _, tt := range []struct{ got, want string }{
		{allow(false), "[]"},
		{allow(false, "10.1.2.0/24", "fd00::/64", "10.1.2.0/24"), "[10.1.2.0/24 fd00::/64]"},
		{allow(false, "192.168.1.0/24", "127.0.0.1"), "which no URL may lead to"},
		{allow(true, "10.9.0.0/16"), "is not allowed 10.9.0.0/16"},
		{allow(true, "10.1.2.0/24"), "[fd00::/64]"},
		{allow(false), "[fd00::/64]"},
	} {
		if !strings.Contains(tt.got, tt.want) {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
	var many []string
	for i := range voice.MaxNetworks + 1 {
		many = append(many, fmt.Sprintf("10.1.%d.0/24", i))
	}
	_, err := a.Allow(t.Context(), ours, many, false)
	wantField(t, err, "network", "at most 50")
	_, err = a.Allow(t.Context(), "1", nil, false)
	wantField(t, err, "account", "no account 1")
}
