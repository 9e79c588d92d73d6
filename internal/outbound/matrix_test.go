package outbound_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tandem/internal/outbound"
	"tandem/internal/voice"
)

// notPublic are ranges that nothing may be fetched from: RFC 6890, RFC 8190.
var notPublic = strings.Fields(`
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24
192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32
::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8`)

// ends gives the first and the last address of a range.
func ends(prefix string) []netip.Addr {
	n := netip.MustParsePrefix(prefix)
	last := n.Addr().AsSlice()
	for i := n.Bits(); i < len(last)*8; i++ {
		last[i/8] |= 0x80 >> (i % 8)
	}
	end, _ := netip.AddrFromSlice(last)
	return []netip.Addr{n.Addr(), end}
}

// spellings are the ways to write an address in a URL that programs have been
// known to take.
func spellings(a netip.Addr) []string {
	if a.Is6() {
		return []string{"[" + a.String() + "]", "[" + strings.ToUpper(a.StringExpanded()) + "]"}
	}
	b := a.As4()
	n := binary.BigEndian.Uint32(b[:])
	return []string{
		a.String(), fmt.Sprint(n), fmt.Sprintf("0x%08X", n), fmt.Sprintf("0%o", n), fmt.Sprintf("0%o.0%o.0%o.0%o", b[0], b[1], b[2], b[3]),
		fmt.Sprintf("0x%x.%d", b[0], n&0xffffff), a.String() + ".", fmt.Sprintf("[::ffff:%s]", a), fmt.Sprintf("[::ffff:%x:%x]", n>>16, n&0xffff),
		fmt.Sprintf("[64:ff9b::%x:%x]", n>>16, n&0xffff), fmt.Sprintf("[2002:%x:%x::1]", n>>16, n&0xffff), fmt.Sprintf("[::%s]", a),
	}
}

// forbidden lists URLs that must cause no packet; port is of a listener that must
// never be reached.
func forbidden(port int) []string {
	var all []string
	for _, prefix := range notPublic {
		for _, a := range ends(prefix) {
			for _, host := range spellings(a) {
				all = append(all, "http://"+host+"/")
			}
		}
	}
	for _, raw := range hostile {
		if strings.Contains(raw, "%") {
			raw = strings.ReplaceAll(strings.ReplaceAll(raw, "%d", strconv.Itoa(port)), "%%", "%")
		}
		all = append(all, raw)
	}
	return all
}

// nameServer answers each name that it knows from its list, one answer a
// question, the last again and again, with a time to live of nought.
type nameServer struct {
	mu    sync.Mutex
	names map[string][]string
	asked map[string]int
}

func startNames(t *testing.T, at netip.Addr, names map[string][]string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(at, 0)))
	if err != nil {
		t.Fatal(err)
	}
	s := &nameServer{names: names, asked: map[string]int{}}
	var wg sync.WaitGroup
	wg.Go(func() { s.serve(conn) })
	t.Cleanup(func() { conn.Close(); wg.Wait() })
	address := conn.LocalAddr().String()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", address)
	}}
}

func (s *nameServer) serve(conn *net.UDPConn) {
	buf := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if answer := s.answer(buf[:n]); answer != nil {
			_, _ = conn.WriteToUDPAddrPort(answer, from)
		}
	}
}

// answer makes the answer to a question (RFC 1035 §4).
func (s *nameServer) answer(q []byte) []byte {
	var labels []string
	i := 12
	for i < len(q) && q[i] != 0 {
		labels = append(labels, string(q[i+1:i+1+int(q[i])]))
		i += 1 + int(q[i])
	}
	if i+5 > len(q) {
		return nil
	}
	kind := q[i+2] // of QTYPE: 1 A, 28 AAAA
	name := strings.ToLower(strings.Join(labels, "."))
	s.mu.Lock()
	list, known := s.names[name]
	var records [][]byte
	if kind == 1 && known {
		list = strings.Split(list[min(s.asked[name], len(list)-1)], " ")
		s.asked[name]++
		for _, a := range list {
			if addr := netip.MustParseAddr(a); addr.Is4() {
				records = append(records, addr.AsSlice())
			}
		}
	}
	s.mu.Unlock()
	flags := []byte{0x85, 0x80}
	if !known {
		flags[1] |= 3 // no such name
	}
	out := append([]byte{q[0], q[1], flags[0], flags[1], 0, 1, 0, byte(len(records)), 0, 0, 0, 0}, q[12:i+5]...)
	for _, r := range records {
		out = append(out, 0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 0, 0, byte(len(r)))
		out = append(out, r...)
	}
	return out
}

// codes are those that some client or other follows.
var codes = []int{300, 301, 302, 303, 305, 307, 308}

// follow is a server whose /to answers with a code and a place to go to.
func follow(t *testing.T, at netip.AddrPort, sink string) (base string, served *atomic.Int32) {
	t.Helper()
	served = new(atomic.Int32)
	l, err := net.Listen("tcp", at.String())
	if err != nil {
		t.Skipf("nothing can listen at %s: %v", at, err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		w.Header().Set("Alt-Svc", fmt.Sprintf("h2=%q; ma=3600", sink))
		w.Header().Set("Connection", "close")
		if r.URL.Path != "/to" {
			return
		}
		w.Header().Set("Location", r.URL.Query().Get("url"))
		code, _ := strconv.Atoi(r.URL.Query().Get("code"))
		w.WriteHeader(code)
	}))
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return s.URL, served
}

// near gives an address of this machine that is not loopback and not public.
func near(t *testing.T) netip.Addr {
	t.Helper()
	list, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok {
			if addr, ok := netip.AddrFromSlice(n.IP); ok && addr.Unmap().Is4() && addr.Unmap().IsPrivate() {
				return addr.Unmap()
			}
		}
	}
	t.Skip("this machine has no private address beside loopback to serve from")
	return netip.Addr{}
}

// matrix fetches every forbidden URL as it is, by redirects of each code, and by
// names that change their minds, and fails when one is not refused. first is where
// a server may stand that is fetched from, and own the policy's private ranges.
func matrix(t *testing.T, first netip.AddrPort, private []netip.Prefix) {
	t.Helper()
	var reached atomic.Int32
	sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer sink.Close()
	t.Setenv("HTTP_PROXY", sink.URL)
	t.Setenv("HTTPS_PROXY", sink.URL)
	t.Setenv("ALL_PROXY", sink.URL)
	port := sink.Listener.Addr().(*net.TCPAddr).Port
	base, served := follow(t, first, sink.Listener.Addr().String())
	at := netip.MustParseAddrPort(strings.TrimPrefix(base, "http://"))

	urls := forbidden(port)
	names := map[string][]string{
		"localhost": {"127.0.0.1"}, "a.localhost": {"127.0.0.1"}, "metadata.google.internal": {"169.254.169.254"}, "metadata": {"169.254.169.254"},
		"rebind.test": {"127.0.0.1"}, "mixed.test": {"93.184.216.34 127.0.0.1"}, "intranet.test": {"192.168.3.4"}, "public.test": {"93.184.216.34"},
		"example.test": {"93.184.216.34"}, "zero.test": {"0.0.0.0"}, "cgnat.test": {"100.64.1.1"},
	}
	var rebinding []string
	for i, prefix := range notPublic {
		for j, a := range ends(prefix) {
			if !a.Is4() {
				continue
			}
			name := fmt.Sprintf("r%d-%d.test", i, j)
			names[name] = []string{at.Addr().String(), a.String()}
			rebinding = append(rebinding, fmt.Sprintf("http://%s:%d/", name, at.Port()))
		}
	}
	p := outbound.New(outbound.Config{Resolver: startNames(t, at.Addr(), names), Interfaces: noInterfaces, Ports: []int{int(at.Port())}, Private: private})
	client := p.Client(outbound.Document())
	defer client.CloseIdleConnections()
	refused := 0
	fetch := func(url string) (kind voice.Kind) {
		got, err := outbound.Fetch(t.Context(), client, url)
		if err == nil && got.Status < 300 && !strings.HasPrefix(got.URL, base) {
			t.Errorf("%s: fetched %s", url, got.URL)
		}
		kind = voice.KindOf(err)
		if kind == voice.Invalid || kind == voice.Permission || kind == voice.NotExist {
			refused++
		}
		return kind
	}
	redirected := func(url string) {
		for _, code := range codes {
			fetch(base + "/to?code=" + strconv.Itoa(code) + "&url=" + escape(url))
		}
	}
	for _, url := range urls {
		if k := fetch(url); k == "" || k == voice.Unavailable {
			t.Errorf("%s is not refused: %q", url, k)
		}
		redirected(url)
	}
	for _, url := range rebinding {
		before := served.Load()
		if _, err := outbound.Fetch(t.Context(), client, url); err != nil || served.Load() != before+1 {
			t.Errorf("%s is not fetched the first time: %v", url, err)
		}
		if k := fetch(url); k != voice.Permission {
			t.Errorf("%s is not refused the second time: %q", url, k)
		}
		if redirected(url); served.Load() != before+1+int32(len(codes)) {
			t.Errorf("%s was fetched from again", url)
		}
	}
	t.Logf("%d URLs and %d names, %d redirects of each: %d fetches refused", len(urls), len(rebinding), len(codes), refused)
	if len(urls) < 300 || refused < (len(urls)+len(rebinding))*5 {
		t.Errorf("%d URLs, %d refused", len(urls), refused)
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("the listener on loopback was reached %d times", n)
	}
}

func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// Nothing leads to an address that is not public: not its spelling, not a
// redirect, not a name that changes its mind, not a proxy of the environment, not
// an alternative service.
func TestNothingLeadsInside(t *testing.T) {
	at := near(t)
	matrix(t, netip.AddrPortFrom(at, 0), []netip.Prefix{netip.PrefixFrom(at, 32)})
}

// inNamespace is the environment of the test below within its namespace.
const inNamespace = "OUTBOUND_TEST_NAMESPACE"

// The same in a network namespace of its own, where the kernel counts packets.
func TestNoPacketGoesInside(t *testing.T) {
	if os.Getenv(inNamespace) != "" {
		countPackets(t)
		return
	}
	for _, program := range []string{"unshare", "nft", "ip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no program %s: packets are not counted", program)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "unshare", "-r", "-n", "nft", "list", "ruleset").CombinedOutput(); err != nil {
		t.Skipf("no network namespace can be made: packets are not counted: %v, %s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), "unshare", "-r", "-n", self, "-test.run", "^TestNoPacketGoesInside$", "-test.v")
	c.Env = append(os.Environ(), inNamespace+"=1")
	out, err := c.CombinedOutput()
	if err == nil && strings.Contains(string(out), "--- SKIP") {
		t.Skipf("packets are not counted: %s", out)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

func countPackets(t *testing.T) {
	run := func(name string, args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
		if err != nil {
			t.Skipf("%s %v: %v, %s", name, args, err, out)
		}
		return string(out)
	}
	run("ip", "link", "set", "lo", "up")
	// Everything goes out by the loopback device, whatever its address.
	run("ip", "addr", "add", "93.184.216.35/24", "dev", "lo")
	run("ip", "route", "add", "default", "dev", "lo")
	run("ip", "-6", "route", "add", "default", "dev", "lo")
	var four, six []string
	for _, p := range notPublic {
		switch {
		case !strings.Contains(p, ":"):
			four = append(four, p)
		case p != "::ffff:0:0/96": // the kernel sends to the IPv4 address
			six = append(six, p)
		}
	}
	run("nft", fmt.Sprintf(`table inet t { counter inside { }; chain out { type filter hook output priority 0;
		ip daddr { %s } counter name inside drop; ip6 daddr { %s } counter name inside drop; }; }`, strings.Join(four, ", "), strings.Join(six, ", ")))
	packets := func() string {
		return regexp.MustCompile(`packets \d+`).FindString(run("nft", "list", "counter", "inet", "t", "inside"))
	}
	if n := packets(); n != "packets 0" {
		t.Fatalf("before: %s", n)
	}
	matrix(t, netip.MustParseAddrPort("93.184.216.35:80"), nil)
	if n := packets(); n != "packets 0" {
		t.Errorf("the kernel counted %s to addresses that are not public", n)
	}
	// The counter works: this does send one.
	if conn, err := net.Dial("udp", "10.1.2.3:9"); err == nil {
		_, _ = conn.Write([]byte("x"))
		conn.Close()
	}
	if n := packets(); n == "packets 0" {
		t.Error("the counter counts nothing")
	}
}
