package daemon_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"tandem/internal/admin"
	"tandem/internal/phone"
	"tandem/internal/secret"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// TestTrunkOfAnotherProcess adds a trunk behind the server's back: it registers
// there, and the calls from that address are the trunk's account's.
func TestTrunkOfAnotherProcess(t *testing.T) {
	cfg := settings(t)
	d, _ := run(t, cfg)
	carrier, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer carrier.Close()
	box, err := secret.OpenFile(cfg.KeyPath())
	if err != nil {
		t.Fatal(err)
	}
	other, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLitePath: cfg.DatabasePath(), Secrets: box})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tenant, _, err := d.Admin().CreateAccount(t.Context(), admin.AccountSpec{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	k := voice.Trunk{ID: "TR1", Tenant: tenant.ID, Name: "carrier", Host: carrier.LocalAddr().String(), Username: "me", Password: "secret", Register: true, Created: time.Now()}
	if err := other.AddTrunk(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	carrier.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 4096)
	n, _, err := carrier.ReadFrom(b)
	if err != nil || !strings.HasPrefix(string(b[:n]), "REGISTER ") {
		t.Fatalf("the trunk is not registered at: %q %v", b[:n], err)
	}
	carrier.Close()
	p, err := phone.New(phone.Options{Bind: k.Host}) // on loopback the port tells trunks apart
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	// A trunk reaches its own account's numbers and no other's.
	if _, err := p.Dial(t.Context(), "sip:+12025550100@"+d.SIPAddr().String(), phone.CallOptions{}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a trunk to another account's number: %v", err)
	}
}
