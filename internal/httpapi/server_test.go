package httpapi_test

import (
	"context"
	"strings"
	"testing"

	"tandem/internal/httpapi"
)

type fakeServer struct{}

func (fakeServer) About(context.Context) httpapi.AboutServer {
	return httpapi.AboutServer{Version: "1.2", Host: "pbx.example", SIP: []httpapi.SIPAddress{{Transport: "udp", Address: "pbx.example:5060"}}}
}

func (fakeServer) Settings(context.Context) []httpapi.ServerSetting {
	return []httpapi.ServerSetting{{Key: "smtp.host", Value: "mail.example", From: "file", Where: "t.conf:3"}}
}

// The addresses are everybody's who may read the configuration, the settings the
// operator's alone.
func TestServer(t *testing.T) {
	f := newFixture(t)
	f.refused(f.as(f.key, "GET", "/server", ""), 503, "tells nothing", "without a server")
	f.config.Server = fakeServer{}
	f.restart()
	if r := f.as(f.key, "GET", "/server", ""); r.status != 200 || !strings.Contains(string(r.raw), `"address":"pbx.example:5060"`) {
		t.Errorf("about: %d %s", r.status, r.raw)
	}
	f.refused(f.as(f.key, "GET", "/server/settings", ""), 403, "operator", "settings for an account's key")
	operator := f.newKey("", httpapi.Operator)
	if r := f.as(operator, "GET", "/server/settings", ""); r.status != 200 || !strings.Contains(string(r.raw), `"where":"t.conf:3"`) {
		t.Errorf("settings: %d %s", r.status, r.raw)
	}
}
