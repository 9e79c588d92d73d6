package outbound_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"tandem/internal/outbound"
	"tandem/internal/voice"
)

// names is a resolver that knows what it is told and counts.
type names struct {
	table map[string][]string
	calls atomic.Int32
	next  func(n int32, host string) []string
}

func (r *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n := r.calls.Add(1)
	list, ok := r.table[host]
	if r.next != nil {
		list, ok = r.next(n, host), true
	}
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	var addrs []netip.Addr
	for _, s := range list {
		addrs = append(addrs, netip.MustParseAddr(s))
	}
	return addrs, nil
}

func noInterfaces() ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("8.8.4.4")}, nil }

// hostile are URLs that must never be fetched. %d is the port of a server on
// loopback that counts its visitors.
var hostile = strings.Fields(`
http://127.0.0.1/ http://127.0.0.1:%d/ http://127.1/ http://127.0.1/ http://127.255.255.254/ http://2130706433/
http://017700000001/ http://0x7f000001/ http://0x7f.0.0.1/ http://0177.0.0.1/ http://127.0.0.01/ http://127.0.0.0x1/
http://0x7F.1/ http://00000177.0.0.1/ http://0/ http://0.0.0.0/ http://0.0.0.0:%d/ http://00.00.00.00/ http://256.256.256.256/
http://127.0.0.1./ http://127.0.0.1.:%d/ http://localhost/ http://localhost:%d/ http://LOCALHOST/ http://localhost./ http://a.localhost/
http://[::1]/ http://[::1]:%d/ http://[::]/ http://[::]:%d/ http://[0:0:0:0:0:0:0:1]/ http://[::ffff:127.0.0.1]/ http://[::ffff:127.0.0.1]:%d/
http://[::ffff:7f00:1]/ http://[::127.0.0.1]/ http://[64:ff9b::7f00:1]/ http://[64:ff9b::169.254.169.254]/ http://[64:ff9b:1::a00:1]/
http://[2002:7f00:1::]/ http://[2002:a9fe:a9fe::]/ http://[2001:0:7f00:1::]/ http://[fe80::1]/ http://[fe80::1%%25eth0]/ http://[::1%%25lo]/
http://[fec0::1]/ http://[fc00::1]/ http://[fd00:ec2::254]/latest/meta-data/ http://[ff02::1]/ http://[2001:db8::1]/ http://[3fff::1]/
http://[4000::1]/ http://[100::1]/ http://[5f00::1]/
http://10.0.0.1/ http://10.255.255.255/ http://172.16.0.1/ http://172.31.255.255/ http://192.168.0.1/ http://192.168.1.254/
http://100.64.0.1/ http://100.100.100.200/latest/meta-data/ http://169.254.169.254/latest/meta-data/ http://169.254.169.254:80/
http://169.254.170.2/v2/credentials http://0xA9FEA9FE/ http://2852039166/ http://0251.0376.0251.0376/ http://169.254.43518/
http://[::ffff:169.254.169.254]/ http://[::ffff:a9fe:a9fe]/ http://168.63.129.16/metadata http://192.0.0.192/opc/v1/
http://192.0.2.1/ http://198.51.100.1/ http://203.0.113.1/ http://198.18.0.1/ http://198.19.255.255/ http://192.88.99.1/
http://192.31.196.1/ http://192.52.193.1/ http://192.175.48.1/ http://[2620:4f:8000::1]/
http://224.0.0.1/ http://239.255.255.255/ http://240.0.0.1/ http://255.255.255.255/ http://0.1.2.3/
http://metadata.google.internal/computeMetadata/v1/ http://metadata/ http://rebind.test/ http://mixed.test/ http://mapped.test/
http://intranet.test/ http://sixlocal.test/ http://self.test/ http://8.8.4.4/ http://zero.test/ http://cgnat.test/
http://user@127.0.0.1/ http://user:pass@example.test/ http://example.test@127.0.0.1/ http://127.0.0.1@example.test/ http://@127.0.0.1/
http://example.test\@127.0.0.1/ http://127.0.0.1\@example.test/ http:\\127.0.0.1\ http:/127.0.0.1/ http:127.0.0.1/ http:///127.0.0.1/ //127.0.0.1/ 127.0.0.1 /etc/passwd
http://①②⑦.⓪.⓪.①/ http://127。0。0。1/ http://ⓛocalhost/ http://１２７.0.0.1/ http://еxample.test/ http://%%31%%32%%37.0.0.1/ http://example%%2etest%%00/
http://127.0.0.1%%2f@example.test/ http://127.0.0.1%%23.example.test/ http://example.test%%20/ http://exa_mple..test/ http://-a.test/ http://.test/
http://public.test:22/ http://public.test:25/ http://public.test:0/ http://public.test:5060/ http://public.test:5432/ http://public.test:4222/
http://public.test:6379/ http://public.test:65536/ http://public.test:-80/ http://public.test:+80/ http://public.test:080/ http://public.test:80:80/
http://8.8.8.8:22/ http://8.8.8.8:11211/ http://8.8.8.8:8080/
file:///etc/passwd file://localhost/etc/passwd gopher://127.0.0.1:70/_x ftp://public.test/ data:text/plain,hello dict://127.0.0.1:2628/ ldap://127.0.0.1/
javascript:alert(1) jar:http://127.0.0.1!/ HTTP://127.0.0.1/ hTTps://127.0.0.1/ ws://public.test/ unix:///run/docker.sock netdoc:///etc/passwd sip:x@public.test about:blank
http:// https:// http://? http://# http://[ http://] http://[::1 http://[]/ http://[1.2.3.4]/ http://[::g]/
http://1.2.3/ http://1.2.3.4.5/ http://99999999999999999999/ http://example.123/ http://example.0x1/
https://127.0.0.1:8443/ https://[::1]:443/ https://10.0.0.1/ https://intranet.test/
`)

func TestHostileURLs(t *testing.T) {
	if len(hostile) < 150 {
		t.Fatalf("only %d URLs", len(hostile))
	}
	var visits atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	defer s.Close()
	port := s.Listener.Addr().(*net.TCPAddr).Port
	dns := &names{table: map[string][]string{
		"localhost": {"127.0.0.1", "::1"}, "a.localhost": {"127.0.0.1"}, "metadata.google.internal": {"169.254.169.254"}, "metadata": {"169.254.169.254"},
		"rebind.test": {"127.0.0.1"}, "mixed.test": {"93.184.216.34", "127.0.0.1"}, "mapped.test": {"::ffff:10.0.0.1"}, "intranet.test": {"192.168.3.4"},
		"sixlocal.test": {"fe80::1"}, "self.test": {"8.8.4.4"}, "zero.test": {"0.0.0.0"}, "cgnat.test": {"100.64.1.1"}, "public.test": {"93.184.216.34"},
		"example.test": {"93.184.216.34"}, "ⓛocalhost": {"127.0.0.1"},
	}}
	p := outbound.New(outbound.Config{Resolver: dns, Interfaces: noInterfaces})
	client := p.Client(outbound.Document())
	defer client.CloseIdleConnections()
	for _, raw := range hostile {
		url := raw
		if strings.Contains(raw, "%") {
			url = strings.ReplaceAll(strings.ReplaceAll(raw, "%d", fmt.Sprint(port)), "%%", "%")
		}
		got, err := outbound.Fetch(t.Context(), client, url)
		if k := voice.KindOf(err); k != voice.Invalid && k != voice.Permission {
			t.Errorf("%s: status %d, %v", url, got.Status, err)
		}
	}
	if n := visits.Load(); n != 0 {
		t.Errorf("the server on loopback had %d visitors", n)
	}
}

// Redirects lead to the same walls, whatever their code.
func TestHostileRedirects(t *testing.T) {
	var target string
	code := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", target)
		w.WriteHeader(code)
	}))
	defer s.Close()
	dns := &names{table: map[string][]string{"localhost": {"127.0.0.1"}, "intranet.test": {"10.1.2.3"}, "mixed.test": {"93.184.216.34", "fe80::1"}}}
	// Loopback is allowed, or the first step could not be tested here.
	client := outbound.New(outbound.Config{AllowLoopback: true, Resolver: dns, Interfaces: noInterfaces}).Client(outbound.Document())
	defer client.CloseIdleConnections()
	for _, code = range []int{301, 302, 303, 307, 308} {
		for _, target = range []string{"http://10.0.0.1/", "http://169.254.169.254/latest/", "http://[::ffff:10.0.0.1]/", "http://[fd00:ec2::254]/",
			"http://0xA9FEA9FE/", "http://intranet.test/", "http://mixed.test/", "http://8.8.8.8:22/", "file:///etc/passwd", "gopher://127.0.0.1/", "http://user@10.0.0.1/",
			"//192.168.0.1/", "http://0.0.0.0/", "http://[fe80::1]/", "http://100.100.100.200/"} {
			got, err := outbound.Fetch(t.Context(), client, s.URL)
			if k := voice.KindOf(err); k != voice.Invalid && k != voice.Permission && !strings.Contains(fmt.Sprint(err), "unsupported protocol scheme") {
				t.Errorf("%d to %s: status %d, %v", code, target, got.Status, err)
			}
		}
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, u := range hostile[:40] {
		f.Add(u)
	}
	f.Add("https://example.com/a?b=c#d")
	f.Add("https://[2606:4700::1111]:8443/")
	p := outbound.New(outbound.Config{Interfaces: noInterfaces})
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := p.CheckURL(raw)
		if err != nil {
			return
		}
		if u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
			t.Fatalf("%q was taken as %v", raw, u)
		}
		addr, isAddr, err := outbound.ParseHost(u.Hostname())
		if err != nil || isAddr && (addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsUnspecified() || addr.IsMulticast()) {
			t.Fatalf("%q was taken: %v %v", raw, addr, err)
		}
		if again, err := p.CheckURL(u.String()); err != nil || again.Host != u.Host {
			t.Fatalf("%q became %q: %v", raw, u, err)
		}
	})
}
