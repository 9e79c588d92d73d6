package sipua_test

import (
	"context"
	"strings"
	"testing"

	"tandem/internal/voice"
)

func contextWithCancel(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}

// trunkAt is a trunk at an address, without registration.
func trunkAt(host, username, password string) voice.Trunk {
	return voice.Trunk{ID: voice.TrunkID("t" + host), Tenant: "1", Name: "trunk " + host, Host: host, Username: username, Password: password}
}

func containsText(b []byte, s string) bool { return strings.Contains(string(b), s) }
