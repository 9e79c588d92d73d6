package certs_test

import (
	"bytes"
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/internal/certs"
	"tandem/internal/certs/certtest"
)

// TestKeeperReadsAnew has the files change: a sound pair takes the place of the one before,
// a broken one and a key of another certificate don't.
func TestKeeperReadsAnew(t *testing.T) {
	ca, dir := certtest.New(t, "authority"), t.TempDir()
	now := time.Now()
	var log bytes.Buffer
	first, second := ca.Issue(nil, "one.example"), ca.Issue(nil, "two.example")
	cert, key := first.Files(dir)
	k, err := certs.Open(certs.Config{Cert: cert, Key: key, Dir: t.TempDir(), Now: func() time.Time { return now }, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	shows := func(want string) {
		t.Helper()
		c, err := k.Server().GetCertificate(nil)
		if err != nil || c.Leaf.VerifyHostname(want) != nil {
			t.Errorf("%v is shown, not %s (%v)", c.Leaf.DNSNames, want, err)
		}
	}
	changed := now
	write := func(name, text string) {
		t.Helper()
		changed = changed.Add(time.Minute)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, changed, changed); err != nil {
			t.Fatal(err)
		}
	}
	shows("one.example")
	write(cert, second.Cert) // and its key comes a moment later
	shows("one.example")     // it was looked at just now
	now = now.Add(2 * time.Second)
	shows("one.example")
	write(key, second.Key)
	now = now.Add(2 * time.Second)
	shows("two.example")
	write(cert, "half")
	now = now.Add(2 * time.Second)
	shows("two.example")
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Second)
	shows("two.example")
	if n := strings.Count(log.String(), "the old one stays"); n != 3 {
		t.Errorf("it was complained of %d times:\n%s", n, log.String())
	}
}

func TestOwnCertificateIsKeptAndRenewed(t *testing.T) {
	dir, now := filepath.Join(t.TempDir(), "tls"), time.Now()
	open := func(names ...string) (*certs.Keeper, *x509.Certificate) {
		t.Helper()
		k, err := certs.Open(certs.Config{Dir: dir, Names: names, Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		c, _ := k.Get(nil)
		return k, c.Leaf
	}
	_, first := open("sip.example.com", "192.0.2.1")
	if _, again := open("sip.example.com"); !again.Equal(first) {
		t.Error("another start makes another one")
	}
	k, other := open("sip.example.com", "2001:db8::1")
	if other.Equal(first) || other.VerifyHostname("2001:db8::1") != nil {
		t.Error("a new address is not in it")
	}
	now = other.NotAfter.Add(-24 * time.Hour)
	c, err := k.Get(nil)
	if err != nil || c.Leaf.Equal(other) || !c.Leaf.NotAfter.After(other.NotAfter) {
		t.Errorf("it is not renewed before its end: %v", err)
	}
}

func TestInspect(t *testing.T) {
	ca, now := certtest.New(t, "authority"), time.Now()
	write := func(p certtest.Pair) (string, string) { return p.Files(t.TempDir()) }
	year := func(c *x509.Certificate) { c.NotAfter = now.Add(300 * 24 * time.Hour) }
	for name, c := range map[string]struct {
		pair    certtest.Pair
		at      time.Time
		want    string
		serious bool
	}{
		"of an authority unknown here": {ca.Issue(year, "sip.example.com"), now, "no authority that this machine knows", false},
		"another's":                    {ca.Issue(year, "other.example"), now, "it is not for sip.example.com", true},
		"out of date":                  {ca.Issue(year, "sip.example.com"), now.Add(400 * 24 * time.Hour), "it has been out of date since ", true},
		"ends soon":                    {ca.Issue(nil, "sip.example.com"), now, "it ends in 1 days", false},
	} {
		cert, key := write(c.pair)
		_, flaws, err := certs.Inspect(cert, key, "sip.example.com", c.at)
		found := false
		for _, f := range flaws {
			found = found || strings.Contains(f.Words, c.want) && f.Serious == c.serious
		}
		if err != nil || !found {
			t.Errorf("%s: %+v %v", name, flaws, err)
		}
	}
	cert, _ := write(ca.Issue(nil, "a"))
	_, key := write(ca.Issue(nil, "a"))
	if _, _, err := certs.Inspect(cert, key, "a", now); err == nil || !strings.Contains(err.Error(), "is not that of the certificate") {
		t.Errorf("another's key: %v", err)
	}
	if _, err := certs.Authorities(ca.PEM + ca.Issue(nil, "x").Key); err == nil {
		t.Error("a key among the authorities is taken")
	}
	if _, err := certs.Authorities("nothing"); err == nil {
		t.Error("authorities without any")
	}
}
