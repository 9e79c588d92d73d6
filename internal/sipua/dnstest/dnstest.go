// Package dnstest is a name server on loopback for tests: it answers from the
// records that it is given, or as a test's own function says. Its goroutines
// end with the test.
package dnstest

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// Server answers over UDP and TCP on one port.
type Server struct {
	Addr string // HOST:PORT

	t       testing.TB
	mu      sync.Mutex
	records []dns.RR
	own     func(w dns.ResponseWriter, q *dns.Msg) bool
	asked   map[string]int
}

// Start starts a server with records in the form of a zone file.
func Start(t testing.TB, records ...string) *Server {
	t.Helper()
	s := &Server{t: t, asked: map[string]int{}}
	s.Set(records...)
	for range 20 { // the port must be free for both
		pc, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", pc.LocalAddr().String())
		if err != nil {
			pc.Close()
			continue
		}
		s.Addr = pc.LocalAddr().String()
		s.serve(&dns.Server{PacketConn: pc, Handler: s})
		s.serve(&dns.Server{Listener: l, Handler: s})
		return s
	}
	t.Fatal("no port is free for UDP and TCP")
	return nil
}

func (s *Server) serve(d *dns.Server) {
	ready, done := make(chan struct{}), make(chan struct{})
	d.NotifyStartedFunc = func() { close(ready) }
	go func() {
		defer close(done)
		if err := d.ActivateAndServe(); err != nil {
			s.t.Logf("name server: %v", err)
		}
	}()
	<-ready
	s.t.Cleanup(func() {
		_ = d.Shutdown()
		<-done
	})
}

// Set replaces the records.
func (s *Server) Set(records ...string) {
	s.t.Helper()
	var list []dns.RR
	for _, text := range records {
		rr, err := dns.NewRR(text)
		if err != nil || rr == nil {
			s.t.Fatalf("record %q: %v", text, err)
		}
		list = append(list, rr)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = list
}

// Own sets a function that answers first; it gives false for what the records
// are to answer.
func (s *Server) Own(f func(w dns.ResponseWriter, q *dns.Msg) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own = f
}

// Asked gives how often a type of record was asked for: "SRV _sip._udp.example.com".
func (s *Server) Asked(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[what]
}

// ServeDNS implements dns.Handler.
func (s *Server) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	question := q.Question[0]
	s.mu.Lock()
	s.asked[dns.TypeToString[question.Qtype]+" "+strings.TrimSuffix(question.Name, ".")]++
	own, records := s.own, s.records
	s.mu.Unlock()
	if own != nil && own(w, q) {
		return
	}
	res := new(dns.Msg)
	res.SetReply(q)
	known := false
	for _, rr := range records {
		h := rr.Header()
		if !strings.EqualFold(h.Name, question.Name) {
			continue
		}
		known = true
		if h.Rrtype == question.Qtype || h.Rrtype == dns.TypeCNAME {
			res.Answer = append(res.Answer, rr)
		}
	}
	if !known {
		res.Rcode = dns.RcodeNameError
	}
	if _, udp := w.LocalAddr().(*net.UDPAddr); udp {
		res.Truncate(1232)
	}
	_ = w.WriteMsg(res)
}
