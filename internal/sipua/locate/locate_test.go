package locate_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"tandem/internal/sipua/dnstest"
	"tandem/internal/sipua/locate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that tests turn.
type clock struct{ ns atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(1_700_000_000, 0).Add(time.Duration(c.ns.Load())) }
func (c *clock) advance(d time.Duration) { c.ns.Add(int64(d)) }

func resolver(s *dnstest.Server, transports ...string) (*locate.Resolver, *clock) {
	c := &clock{}
	return locate.New(locate.Config{Servers: []string{s.Addr}, Transports: transports, Hosts: os.DevNull, Now: c.now}), c
}

func find(t *testing.T, r *locate.Resolver, q locate.Query) string {
	t.Helper()
	list, err := r.Find(t.Context(), q)
	if err != nil {
		return "error: " + err.Error()
	}
	var out []string
	for _, p := range list {
		out = append(out, p.String())
	}
	return strings.Join(out, ", ")
}

// TestSelection takes every row of RFC 3263 §4.1 and §4.2.
func TestSelection(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t,
		"naptr.test. 60 IN NAPTR 20 50 \"s\" \"SIP+D2U\" \"\" _sip._udp.naptr.test.",
		"naptr.test. 60 IN NAPTR 10 60 \"s\" \"SIP+D2T\" \"\" _sip._tcp.naptr.test.",
		"naptr.test. 60 IN NAPTR 10 10 \"s\" \"SIPS+D2T\" \"\" _sips._tcp.naptr.test.",
		"naptr.test. 60 IN NAPTR 1 1 \"u\" \"E2U+sip\" \"!^.*$!sip:x@evil.test!\" .",
		"_sip._udp.naptr.test. 60 IN SRV 0 0 5070 a.test.",
		"_sip._tcp.naptr.test. 60 IN SRV 0 0 5080 a.test.",
		"_sips._tcp.naptr.test. 60 IN SRV 0 0 5090 a.test.",
		"_sip._udp.srv.test. 60 IN SRV 10 0 5071 a.test.",
		"_sip._udp.srv.test. 60 IN SRV 20 0 5072 b.test.",
		"_sip._tcp.srv.test. 60 IN SRV 10 0 5073 a.test.",
		"_sip._tcp.only.test. 60 IN SRV 10 0 5074 alias.test.",
		"_sip._udp.none.test. 60 IN SRV 0 0 0 .",
		"none.test. 60 IN A 192.0.2.9",
		"_sip._udp.broken.test. 60 IN SRV 0 0 5060 nowhere.test.",
		"a.test. 60 IN A 192.0.2.1",
		"b.test. 60 IN A 192.0.2.2",
		"b.test. 60 IN AAAA 2001:db8::2",
		"alias.test. 60 IN CNAME a.test.",
	)
	r, _ := resolver(s)
	secure, _ := resolver(s, "udp", "tcp", "tls")
	for _, tt := range []struct {
		r    *locate.Resolver
		q    locate.Query
		want string
	}{
		{r, locate.Query{Host: "192.0.2.7"}, "udp 192.0.2.7:5060"},
		{r, locate.Query{Host: "[2001:db8::7]", Port: 5062, Transport: "tcp"}, "tcp [2001:db8::7]:5062"},
		{r, locate.Query{Host: "::ffff:192.0.2.7"}, "udp 192.0.2.7:5060"},
		{r, locate.Query{Host: "a.test", Port: 5099}, "udp 192.0.2.1:5099"},
		{r, locate.Query{Host: "A.test.", Port: 5099, Transport: "tcp"}, "tcp 192.0.2.1:5099"},
		{r, locate.Query{Host: "naptr.test"}, "tcp 192.0.2.1:5080"},
		{r, locate.Query{Host: "naptr.test", Transport: "udp"}, "udp 192.0.2.1:5070"},
		{secure, locate.Query{Host: "naptr.test"}, "tls 192.0.2.1:5090"},
		{secure, locate.Query{Host: "naptr.test", Secure: true}, "tls 192.0.2.1:5090"},
		{secure, locate.Query{Host: "a.test", Secure: true}, "tls 192.0.2.1:5061"},
		{r, locate.Query{Host: "srv.test"}, "udp 192.0.2.1:5071, udp 192.0.2.2:5072, udp [2001:db8::2]:5072"},
		{r, locate.Query{Host: "srv.test", Transport: "tcp"}, "tcp 192.0.2.1:5073"},
		{r, locate.Query{Host: "only.test"}, "tcp 192.0.2.1:5074"},
		{r, locate.Query{Host: "b.test"}, "udp 192.0.2.2:5060, udp [2001:db8::2]:5060"},
		{r, locate.Query{Host: "none.test", Transport: "udp"}, "error: resolve none.test: its SRV record says that there is no SIP over udp"},
		{r, locate.Query{Host: "broken.test"}, "error: resolve broken.test: none of its SRV records leads to an address"},
		{r, locate.Query{Host: "unknown.test"}, "error: resolve unknown.test: the name has no address"},
		{r, locate.Query{Host: "a.test", Secure: true}, "error: resolve a.test: transport tls is not spoken here"},
		{r, locate.Query{Host: "a.test", Transport: "sctp"}, "error: resolve a.test: transport sctp is not spoken here"},
		{r, locate.Query{Host: "a.test", Port: 70000}, "error: resolve a.test: port 70000 is out of range"},
		{r, locate.Query{Host: ".1"}, "error: resolve .1: no host name"},
		{r, locate.Query{Host: "[.1]"}, "error: resolve [.1]: no host name"},
		{r, locate.Query{Host: "1.2.3"}, "error: resolve 1.2.3: no host name"},
		{r, locate.Query{Host: "a..test"}, "error: resolve a..test: no host name"},
		{r, locate.Query{Host: ""}, "error: resolve : no host name"},
	} {
		if got := find(t, tt.r, tt.q); got != tt.want {
			t.Errorf("%+v:\n got %s\nwant %s", tt.q, got, tt.want)
		}
	}
}

func TestHostsFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(file, []byte("192.0.2.5 pbx.test other # comment\n2001:db8::5 PBX.test\nnonsense pbx.test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := dnstest.Start(t, "pbx.test. 60 IN A 192.0.2.99")
	r := locate.New(locate.Config{Servers: []string{s.Addr}, Hosts: file})
	if got := find(t, r, locate.Query{Host: "pbx.test"}); got != "udp 192.0.2.5:5060, udp [2001:db8::5]:5060" {
		t.Error(got)
	}
	if got := find(t, r, locate.Query{Host: "localhost"}); !strings.Contains(got, "127.0.0.1:5060") {
		t.Error(got)
	}
}

// TestWeights draws among records of one priority as RFC 2782 has it.
func TestWeights(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t,
		"_sip._udp.w.test. 3600 IN SRV 1 70 5001 h.test.",
		"_sip._udp.w.test. 3600 IN SRV 1 30 5002 h.test.",
		"_sip._udp.w.test. 3600 IN SRV 1 0 5003 h.test.",
		"_sip._udp.w.test. 3600 IN SRV 2 1000 5004 h.test.",
		"h.test. 3600 IN A 192.0.2.1")
	r, _ := resolver(s)
	first := map[uint16]int{}
	const n = 3000
	for range n {
		list, err := r.Find(t.Context(), locate.Query{Host: "w.test", Transport: "udp"})
		if err != nil || len(list) != 4 || list[3].Addr.Port() != 5004 {
			t.Fatalf("%v %v", list, err)
		}
		first[list[0].Addr.Port()]++
	}
	// 70, 29.7 and 1 of a hundred; 3,000 draws stray by less than 2.5 of them (3 sigma).
	for port, want := range map[uint16]float64{5001: 0.70, 5002: 0.297, 5003: 0.01} {
		if got := float64(first[port]) / n; got < want-0.03 || got > want+0.03 {
			t.Errorf("port %d was first in %.3f of the draws, not in %.3f", port, got, want)
		}
	}
	if asked := s.Asked("SRV _sip._udp.w.test"); asked != 1 {
		t.Errorf("the records were asked for %d times within their TTL", asked)
	}
}

func TestTTLAndNegativeAnswers(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, "a.test. 30 IN A 192.0.2.1")
	r, c := resolver(s)
	q := locate.Query{Host: "a.test", Port: 5060}
	steps := []struct {
		after time.Duration
		set   string
		want  string
	}{
		{0, "", "udp 192.0.2.1:5060"},
		{29 * time.Second, "a.test. 30 IN A 192.0.2.2", "udp 192.0.2.1:5060"},
		{2 * time.Second, "", "udp 192.0.2.2:5060"},
		{31 * time.Second, "b.test. 30 IN A 192.0.2.3", "error: resolve a.test: the name has no address"},
		{500 * time.Millisecond, "a.test. 0 IN A 192.0.2.4", "error: resolve a.test: the name has no address"},
		{time.Second, "", "udp 192.0.2.4:5060"},
		{500 * time.Millisecond, "a.test. 2147483647 IN A 192.0.2.5", "udp 192.0.2.4:5060"},
		{time.Second, "", "udp 192.0.2.5:5060"},
		{59 * time.Minute, "a.test. 60 IN A 192.0.2.6", "udp 192.0.2.5:5060"},
		{2 * time.Minute, "", "udp 192.0.2.6:5060"}, // no TTL counts for more than an hour
	}
	for i, st := range steps {
		if st.set != "" {
			s.Set(st.set)
		}
		c.advance(st.after)
		if got := find(t, r, q); got != st.want {
			t.Fatalf("step %d: %s, not %s", i, got, st.want)
		}
	}
}

// TestStaleWhileServersAreDown keeps trunks reachable while no name server answers.
func TestStaleWhileServersAreDown(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, "a.test. 5 IN A 192.0.2.1")
	r, c := resolver(s)
	q := locate.Query{Host: "a.test", Port: 5060}
	if got := find(t, r, q); got != "udp 192.0.2.1:5060" {
		t.Fatal(got)
	}
	down := func(w dns.ResponseWriter, m *dns.Msg) bool {
		res := new(dns.Msg)
		_ = w.WriteMsg(res.SetRcode(m, dns.RcodeServerFailure))
		return true
	}
	s.Own(down)
	c.advance(10 * time.Minute)
	if got := find(t, r, q); got != "udp 192.0.2.1:5060" {
		t.Errorf("an old answer does not serve: %s", got)
	}
	c.advance(time.Hour)
	if got := find(t, r, q); !strings.Contains(got, "SERVFAIL") {
		t.Errorf("after an hour: %s", got)
	}
	s.Own(nil)
	if got := find(t, r, q); got != "udp 192.0.2.1:5060" {
		t.Errorf("the failure was kept: %s", got)
	}
}

func TestFailedComesLast(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t,
		"_sip._udp.f.test. 3600 IN SRV 1 0 5001 h.test.", "_sip._udp.f.test. 3600 IN SRV 2 0 5002 h.test.",
		"_sip._udp.f.test. 3600 IN SRV 3 0 5003 h.test.", "h.test. 3600 IN A 192.0.2.1")
	r, c := resolver(s)
	q := locate.Query{Host: "f.test", Transport: "udp"}
	place := func(port uint16) locate.Place {
		return locate.Place{Transport: "udp", Addr: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), port)}
	}
	ports := func() (out []uint16) {
		list, err := r.Find(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			out = append(out, p.Addr.Port())
		}
		return out
	}
	r.Failed(place(5001), 0)
	r.Failed(place(5002), time.Minute)
	for i, st := range []struct {
		after time.Duration
		want  []uint16
	}{
		{0, []uint16{5003, 5001, 5002}}, {31 * time.Second, []uint16{5001, 5003, 5002}}, {30 * time.Second, []uint16{5001, 5002, 5003}},
	} {
		c.advance(st.after)
		if got := ports(); !slices.Equal(got, st.want) {
			t.Errorf("step %d: %v, not %v", i, got, st.want)
		}
	}
	r.Failed(place(5001), 24*time.Hour)
	c.advance(9 * time.Minute)
	if got := ports(); got[0] != 5002 {
		t.Errorf("after 9 minutes: %v", got)
	}
	c.advance(2 * time.Minute)
	if got := ports(); got[0] != 5001 {
		t.Errorf("a failed place stays away for more than 10 minutes: %v", got)
	}
	r.Failed(place(5001), 0)
	r.Worked(place(5001))
	if got := ports(); got[0] != 5001 {
		t.Errorf("a place that works again: %v", got)
	}
}

// TestHostileAnswers holds the bounds against a name server that lies.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	rr := func(text string) dns.RR {
		r, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for name, tt := range map[string]struct {
		answer func(w dns.ResponseWriter, q, res *dns.Msg)
		want   string
	}{
		"another question": {func(w dns.ResponseWriter, q, res *dns.Msg) {
			res.Question[0].Name = "evil.test."
			res.Answer = []dns.RR{rr("evil.test. 60 IN A 203.0.113.1")}
		}, "answered another question"},
		"records of another name": {func(w dns.ResponseWriter, q, res *dns.Msg) {
			res.Answer = []dns.RR{rr("evil.test. 60 IN A 203.0.113.1")}
		}, "the name has no address"},
		"circle of CNAMEs": {func(w dns.ResponseWriter, q, res *dns.Msg) {
			res.Answer = []dns.RR{rr("x.test. 60 IN CNAME y.test."), rr("y.test. 60 IN CNAME x.test.")}
		}, "CNAMEs go in circles"},
		"CNAMEs without end": {func(w dns.ResponseWriter, q, res *dns.Msg) {
			res.Answer = []dns.RR{rr(q.Question[0].Name + " 60 IN CNAME n" + q.Question[0].Name)}
		}, "too many CNAMEs"},
		"truncated over TCP too": {func(w dns.ResponseWriter, q, res *dns.Msg) { res.Truncated = true }, "is cut off"},
		"refused":                {func(w dns.ResponseWriter, q, res *dns.Msg) { res.Rcode = dns.RcodeRefused }, "refuses: REFUSED"},
		"unspecified address": {func(w dns.ResponseWriter, q, res *dns.Msg) {
			res.Answer = []dns.RR{rr("x.test. 60 IN A 0.0.0.0"), rr("x.test. 60 IN A 224.0.0.1")}
		}, "none of its addresses"},
		"a question back": {func(w dns.ResponseWriter, q, res *dns.Msg) { res.Response = false }, "answered another question"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := dnstest.Start(t)
			s.Own(func(w dns.ResponseWriter, q *dns.Msg) bool {
				res := new(dns.Msg)
				res.SetReply(q)
				tt.answer(w, q, res)
				_ = w.WriteMsg(res)
				return true
			})
			r, _ := resolver(s)
			if got := find(t, r, locate.Query{Host: "x.test", Port: 5060}); !strings.Contains(got, tt.want) {
				t.Errorf("%s, not %s", got, tt.want)
			}
		})
	}
	t.Run("bytes that are no answer", func(t *testing.T) {
		t.Parallel()
		s := dnstest.Start(t)
		s.Own(func(w dns.ResponseWriter, q *dns.Msg) bool {
			_, _ = w.Write([]byte{byte(q.Id >> 8), byte(q.Id), 0x81, 0x80, 0, 1, 0xff, 0xff, 0, 0, 0, 0, 0xc0, 0x0c})
			return true
		})
		r, _ := resolver(s)
		if got := find(t, r, locate.Query{Host: "x.test", Port: 5060}); !strings.HasPrefix(got, "error: ") {
			t.Error(got)
		}
	})
	t.Run("thousands of records", func(t *testing.T) {
		t.Parallel()
		var all []string
		for i := range 500 {
			all = append(all, fmt.Sprintf("_sip._udp.many.test. 60 IN SRV 1 1 %d many.test.", 5000+i), fmt.Sprintf("many.test. 60 IN A 192.0.2.%d", i%250+1))
		}
		r, _ := resolver(dnstest.Start(t, all...)) // over TCP: more than a datagram holds
		list, err := r.Find(t.Context(), locate.Query{Host: "many.test", Transport: "udp"})
		if err != nil || len(list) != 16 {
			t.Errorf("%d places, %v", len(list), err)
		}
	})
}

// TestSilentServer goes on to the next name server, and gives up in time.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	silent := dnstest.Start(t)
	silent.Own(func(dns.ResponseWriter, *dns.Msg) bool { return true })
	good := dnstest.Start(t, "a.test. 60 IN A 192.0.2.1")
	r := locate.New(locate.Config{Servers: []string{silent.Addr, good.Addr}, Hosts: os.DevNull})
	if got := find(t, r, locate.Query{Host: "a.test", Port: 5060}); got != "udp 192.0.2.1:5060" {
		t.Error(got)
	}
	r = locate.New(locate.Config{Servers: []string{silent.Addr}, Hosts: os.DevNull})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.Find(ctx, locate.Query{Host: "a.test"}); err == nil {
		t.Error("found behind a silent server")
	}
}
