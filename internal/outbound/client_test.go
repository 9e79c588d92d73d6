package outbound_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tandem/internal/outbound"
	"tandem/internal/voice"
)

func loopback(dns outbound.Resolver) *outbound.Policy {
	return outbound.New(outbound.Config{AllowLoopback: true, Resolver: dns, Interfaces: noInterfaces})
}

func TestFetch(t *testing.T) {
	var header http.Header
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		switch r.URL.Path {
		case "/cookie":
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
			http.Redirect(w, r, "/", http.StatusFound)
		case "/404":
			w.WriteHeader(404)
		case "/declared":
			w.Header().Set("Content-Length", "70000")
		case "/endless":
			for range 100 {
				if _, err := w.Write(make([]byte, 1024)); err != nil {
					return
				}
			}
		case "/exact":
			w.Write(make([]byte, 64<<10))
		case "/header":
			w.Header().Set("X-Long", strings.Repeat("x", 64<<10))
		default:
			var hops int
			if n, _ := fmt.Sscanf(r.URL.Path, "/hop/%d", &hops); n == 1 && hops > 0 {
				http.Redirect(w, r, fmt.Sprintf("/hop/%d", hops-1), http.StatusFound)
				return
			}
			fmt.Fprint(w, "hello")
		}
	}))
	defer s.Close()
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	client := loopback(nil).Client(outbound.Purpose{Name: "page", MaxBody: 64 << 10, Redirect: true})
	defer client.CloseIdleConnections()
	for _, c := range []struct {
		path string
		kind voice.Kind
		want string // body, or words of the error
	}{
		{"/", "", "hello"}, {"/cookie", "", "hello"}, {"/404", "", ""}, {"/exact", "", strings.Repeat("\x00", 64<<10)},
		{"/hop/3", "", "hello"}, {"/hop/4", voice.Limit, "more than 3 redirects"},
		{"/declared", voice.Limit, "the page is larger than 65536 bytes"}, {"/endless", voice.Limit, "the page is larger than 65536 bytes"},
		{"/header", voice.Unavailable, "header"},
	} {
		got, err := outbound.Fetch(t.Context(), client, s.URL+c.path)
		if voice.KindOf(err) != c.kind || err == nil && string(got.Body) != c.want || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d bytes, %v", c.path, len(got.Body), err)
		}
		if header.Get("Cookie") != "" || header.Get("Referer") != "" || header.Get("Accept-Encoding") != "" {
			t.Errorf("%s: sent %v", c.path, header)
		}
	}
	events := loopback(nil).Client(outbound.Webhook())
	defer events.CloseIdleConnections()
	if got, err := outbound.Fetch(t.Context(), events, s.URL+"/hop/1"); err != nil || got.Status != 302 {
		t.Errorf("a webhook's redirect: %d, %v", got.Status, err)
	}
}

func TestServerThatIsGoneOrMute(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client := loopback(nil).Client(outbound.Document())
	client.Timeout = 50 * time.Millisecond // TotalTime is too long for a test
	defer client.CloseIdleConnections()
	if _, err := outbound.Fetch(t.Context(), client, "http://"+l.Addr().String()+"/"); !voice.IsKind(err, voice.Unavailable) {
		t.Errorf("mute: %v", err)
	}
	l.Close()
	if _, err := outbound.Fetch(t.Context(), client, "http://"+l.Addr().String()+"/"); !voice.IsKind(err, voice.Unavailable) {
		t.Errorf("gone: %v", err)
	}
}

// A name that answers with a public address first and loopback later: each
// connection looks up once and dials what it checked.
func TestRebinding(t *testing.T) {
	var visits atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	defer s.Close()
	dns := &names{next: func(n int32, _ string) []string {
		if n%2 == 1 {
			return []string{"127.0.0.1"}
		}
		return []string{"10.0.0.1"}
	}}
	client := loopback(dns).Client(outbound.Document())
	client.Transport.(interface{ CloseIdleConnections() }).CloseIdleConnections()
	port := s.Listener.Addr().(*net.TCPAddr).Port
	for i := range 6 {
		_, err := outbound.Fetch(t.Context(), client, fmt.Sprintf("http://rebind.test:%d/", port))
		client.CloseIdleConnections()
		if odd := i%2 == 1; odd != voice.IsKind(err, voice.Permission) || !odd && err != nil {
			t.Errorf("fetch %d: %v", i, err)
		}
	}
	if visits.Load() != 3 || dns.calls.Load() != 6 {
		t.Errorf("%d visits, %d look-ups", visits.Load(), dns.calls.Load())
	}
}

func TestOperatorMayReachHisOwn(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
		}
	}))
	defer s.Close()
	client := outbound.New(outbound.Config{}).Operator(time.Minute)
	defer client.CloseIdleConnections()
	if got, err := outbound.Fetch(t.Context(), client, s.URL); err != nil || got.Status != 200 {
		t.Errorf("%d, %v", got.Status, err)
	}
	if got, err := outbound.Fetch(t.Context(), client, s.URL+"/away"); err != nil || got.Status != 307 {
		t.Errorf("a redirect: %d, %v", got.Status, err)
	}
	if client.Timeout != time.Minute {
		t.Errorf("time %v", client.Timeout)
	}
}

func TestCheckAddr(t *testing.T) {
	own := netip.MustParseAddrPort("93.184.216.34:443")
	strict := outbound.New(outbound.Config{Interfaces: noInterfaces, Own: []netip.AddrPort{own, netip.MustParseAddrPort("0.0.0.0:8080")}})
	loose := outbound.New(outbound.Config{AllowLoopback: true, Interfaces: noInterfaces, Ports: []int{8088},
		Private: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}, Own: []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:8080")}})
	for _, c := range []struct {
		at            string
		strict, loose bool
	}{
		{"8.8.8.8:443", true, true}, {"8.8.8.8:80", true, true}, {"8.8.8.8:8443", true, true}, {"8.8.8.8:8088", false, true}, {"8.8.8.8:22", false, false},
		{"[2606:4700::1111]:443", true, true}, {"[::ffff:8.8.8.8]:443", true, true},
		{"127.0.0.1:5555", false, true}, {"[::1]:5555", false, true}, {"[::ffff:127.0.0.1]:5555", false, true}, {"127.0.0.1:8080", false, false},
		{"10.1.2.3:443", false, true}, {"10.1.2.3:22", false, false}, {"10.2.2.3:443", false, false},
		{"93.184.216.34:443", false, true}, {"8.8.4.4:443", false, false}, {"0.0.0.0:443", false, false}, {"[::]:443", false, false},
	} {
		at := netip.MustParseAddrPort(c.at)
		if err := strict.CheckAddr(at); (err == nil) != c.strict || err != nil && !voice.IsKind(err, voice.Permission) {
			t.Errorf("strict %s: %v", at, err)
		}
		if err := loose.CheckAddr(at); (err == nil) != c.loose {
			t.Errorf("loose %s: %v", at, err)
		}
	}
	if _, err := strict.CheckURL("http://example.com:/"); !voice.IsKind(err, voice.Invalid) {
		t.Errorf("an empty port: %v", err)
	}
	if _, err := outbound.New(outbound.Config{HTTPSOnly: true}).CheckURL("http://example.com/"); !voice.IsKind(err, voice.Permission) {
		t.Errorf("plain http: %v", err)
	}
}

func TestCheckHost(t *testing.T) {
	dns := &names{table: map[string][]string{"sip.test": {"93.184.216.34"}, "in.test": {"192.168.1.1"}, "none.test": {}, "localhost": {"127.0.0.1"}}}
	strict, loose := outbound.New(outbound.Config{Resolver: dns, Interfaces: noInterfaces}), loopback(dns)
	for _, c := range []struct {
		host          string
		strict, loose voice.Kind
	}{
		{"sip.test", "", ""}, {"sip.test:5060", "", ""}, {"8.8.8.8:5090", "", ""}, {"[2606:4700::1111]:5060", "", ""}, {"[2606:4700::1111]", "", ""},
		{"localhost", voice.Permission, ""}, {"127.0.0.1:5070", voice.Permission, ""}, {"[::1]", voice.Permission, ""},
		{"in.test", voice.Permission, voice.Permission}, {"10.0.0.1", voice.Permission, voice.Permission}, {"0.0.0.0", voice.Permission, voice.Permission},
		{"none.test", voice.NotExist, voice.NotExist}, {"unknown.test", voice.NotExist, voice.NotExist},
		{"", voice.Invalid, voice.Invalid}, {"a b", voice.Invalid, voice.Invalid}, {"0x7f.1", voice.Invalid, voice.Invalid},
		{"sip.test:0", voice.Invalid, voice.Invalid}, {"sip.test:99999", voice.Invalid, voice.Invalid}, {"u@sip.test", voice.Invalid, voice.Invalid},
	} {
		if err := strict.CheckHost(t.Context(), c.host); voice.KindOf(err) != c.strict {
			t.Errorf("%q: %v", c.host, err)
		}
		if err := loose.CheckHost(t.Context(), c.host); voice.KindOf(err) != c.loose {
			t.Errorf("%q with loopback: %v", c.host, err)
		}
	}
	dns.next = func(int32, string) []string { return nil }
	var e *voice.Error
	if err := strict.CheckHost(t.Context(), "10.0.0.1"); !errors.As(err, &e) || !strings.Contains(voice.Reason(err), "10.0.0.1 is not a public address: a private network") {
		t.Errorf("words: %v", err)
	}
}
