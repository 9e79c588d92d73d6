package outbound_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"tandem/internal/outbound"
	"tandem/internal/voice"
)

// allowedTo is a policy under which account A may reach 10.1.0.0/16 and loopback.
func allowedTo(dns outbound.Resolver, loopback bool) *outbound.Policy {
	return outbound.New(outbound.Config{
		AllowLoopback: loopback, Resolver: dns, Interfaces: func() ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("10.1.9.9")}, nil },
		Own: []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:8443")},
		Allowed: func(_ context.Context, t voice.TenantID) ([]netip.Prefix, error) {
			switch t {
			case "A":
				return []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("127.0.0.0/8")}, nil
			case "broken":
				return nil, voice.Errorf("test", voice.Unavailable, "the store does not answer")
			}
			return nil, nil
		},
	})
}

// The networks of an account are its own; neither the program itself nor
// loopback is ever among them.
func TestNetworksOfAnAccount(t *testing.T) {
	dns := &names{table: map[string][]string{"in.test": {"10.1.2.3"}, "mixed.test": {"10.1.2.3", "10.2.0.1"}}}
	p := allowedTo(dns, false)
	for _, tt := range []struct {
		tenant voice.TenantID
		url    string
		want   voice.Kind
	}{
		{"A", "http://10.1.2.3/", ""}, {"A", "http://in.test/", ""}, {"A", "http://[::ffff:10.1.2.3]/", ""},
		{"A", "http://10.2.2.3/", voice.Permission}, {"A", "http://mixed.test/", voice.Permission}, {"A", "http://10.1.2.3:22/", voice.Permission},
		{"A", "https://10.1.9.9:8443/", voice.Permission}, {"A", "https://10.1.9.8:8443/", ""}, {"A", "http://127.0.0.1/", voice.Permission},
		{"B", "http://10.1.2.3/", voice.Permission}, {"B", "http://in.test/", voice.Permission}, {"", "http://in.test/", voice.Permission},
		{"broken", "http://8.8.8.8/", voice.Unavailable}, {"A", "http://none.test/", voice.NotExist}, {"A", "ftp://in.test/", voice.Invalid},
	} {
		err := p.ResolveURL(voice.WithTenant(t.Context(), tt.tenant), tt.url)
		if voice.KindOf(err) != tt.want {
			t.Errorf("account %q, %s: %v, want %q", tt.tenant, tt.url, err, tt.want)
		}
	}
}

// A connection that one account may have is not there for another: after each
// request it is over.
func TestConnectionsOfAnAccount(t *testing.T) {
	remote := map[string]bool{}
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { remote[r.RemoteAddr] = true }))
	defer s.Close()
	client := allowedTo(nil, true).Client(outbound.Document())
	defer client.CloseIdleConnections()
	for tenant, want := range map[voice.TenantID]int{"A": 3, "B": 1} {
		clear(remote)
		for range 3 {
			if _, err := outbound.Fetch(voice.WithTenant(t.Context(), tenant), client, s.URL); err != nil {
				t.Fatal(err)
			}
		}
		if len(remote) != want {
			t.Errorf("account %s: %d connections, want %d", tenant, len(remote), want)
		}
	}
}

// What a request says to one host is not told to another that it is sent to; and
// what is compressed is not unpacked.
func TestRedirectedHeaders(t *testing.T) {
	var got http.Header
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer other.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/here":
			http.Redirect(w, r, "/end", http.StatusFound)
		case "/packed":
			w.Header().Set("Content-Encoding", "gzip")
		case "/end":
			got = r.Header
		}
	}))
	defer s.Close()
	q := outbound.NewRequester(loopback(nil))
	defer q.Close()
	for path, want := range map[string]string{"/away": "", "/here": "secret"} {
		if _, err := q.Request(t.Context(), voice.HTTPRequest{URL: s.URL + path, Headers: map[string]string{"X-Key": "secret"}}); err != nil {
			t.Fatal(err)
		}
		if got.Get("X-Key") != want || got.Get("User-Agent") != "Tandem" {
			t.Errorf("%s: sent %v", path, got)
		}
	}
	if _, err := q.Request(t.Context(), voice.HTTPRequest{URL: s.URL + "/packed"}); !voice.IsKind(err, voice.Invalid) || !strings.Contains(err.Error(), "compressed") {
		t.Errorf("packed: %v", err)
	}
}
