package config_test

import (
	"slices"
	"strings"
	"testing"

	"tandem/internal/config"
)

func TestParty(t *testing.T) {
	for _, c := range []struct{ base, public, tls, id, origins string }{
		{"", "", "", "localhost", "http://localhost:8080"},
		{"", "", "8443", "localhost", "http://localhost:8080 https://localhost:8443"},
		{"", "192.0.2.7", "8443", "localhost", "http://localhost:8080 https://localhost:8443"},
		{"", "pbx.example", "", "localhost", "http://localhost:8080"},
		{"", "PBX.example", "8443", "pbx.example", "https://pbx.example:8443"},
		{"", "pbx.example", "443", "pbx.example", "https://pbx.example"},
		{"https://Voice.Example/", "pbx.example", "8443", "voice.example", "https://voice.example"},
		{"https://voice.example:443/below", "", "", "voice.example", "https://voice.example"},
		{"https://voice.example:9443", "", "", "voice.example", "https://voice.example:9443"},
		{"http://voice.example", "", "", "localhost", "http://localhost:8080"},
		{"http://localhost:3000", "", "", "localhost", "http://localhost:3000"},
		{"http://pbx.localhost:3000", "", "", "pbx.localhost", "http://pbx.localhost:3000"},
		{"https://192.0.2.7", "pbx.example", "8443", "localhost", "http://localhost:8080 https://localhost:8443"},
		{"https://[2001:db8::1]:8443", "", "8443", "localhost", "http://localhost:8080 https://localhost:8443"},
		{"https://192.0.2", "", "", "localhost", "http://localhost:8080"},
	} {
		cfg := config.Config{BaseURL: c.base, Public: c.public}
		if id, origins := cfg.Party("8080", c.tls); id != c.id || !slices.Equal(origins, strings.Fields(c.origins)) {
			t.Errorf("base_url %q, public %q, TLS at %q: %s at %v, want %s at %s", c.base, c.public, c.tls, id, origins, c.id, c.origins)
		}
	}
}
