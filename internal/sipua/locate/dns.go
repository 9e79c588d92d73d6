package locate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Bounds of one look-up.
const (
	maxAnswers = 64 // records of one answer that are looked at
	maxCNAMEs  = 8  // that are followed
	maxServers = 3  // name servers that are asked
	rounds     = 2  // times each of them is asked
	// askTimeout bounds one question to one server.
	askTimeout = 1200 * time.Millisecond
	udpSize    = 1232 // bytes of an answer over UDP; a larger one comes by TCP
)

// ErrNoRecord means that the name exists not, or has no record of the type.
var ErrNoRecord = errors.New("no such record")

// errServer is the failure of a name server; another may do better.
type errServer struct{ words string }

func (e errServer) Error() string { return e.words }

// answer is what was found for one name and type.
type answer struct {
	records []dns.RR // of the type asked for, CNAMEs followed
	ttl     time.Duration
	err     error // ErrNoRecord, or why it is not known
}

// servers gives the name servers in their order.
func (r *Resolver) servers() ([]string, error) {
	if len(r.cfg.Servers) > 0 {
		return r.cfg.Servers[:min(len(r.cfg.Servers), maxServers)], nil
	}
	conf, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil {
		return nil, fmt.Errorf("name servers of this machine: %w", err)
	}
	var list []string
	for _, s := range conf.Servers[:min(len(conf.Servers), maxServers)] {
		list = append(list, net.JoinHostPort(s, conf.Port))
	}
	if len(list) == 0 {
		return nil, errServer{"this machine has no name server"}
	}
	return list, nil
}

// ask looks a name up, following CNAMEs over several answers.
func (r *Resolver) ask(ctx context.Context, name string, kind uint16) answer {
	name = dns.CanonicalName(name)
	list, err := r.servers()
	if err != nil {
		return answer{err: err}
	}
	seen := map[string]bool{}
	ttl := maxTTL
	for len(seen) <= maxCNAMEs {
		if seen[name] {
			return answer{err: errServer{"its CNAMEs go in circles"}}
		}
		seen[name] = true
		msg, err := r.exchange(ctx, list, name, kind)
		if err != nil {
			return answer{err: err}
		}
		a, next := read(msg, name, kind, seen)
		ttl = min(ttl, a.ttl)
		if next == "" {
			a.ttl = ttl
			return a
		}
		name = next
	}
	return answer{err: errServer{"too many CNAMEs"}}
}

// exchange asks the servers in turn until one knows.
func (r *Resolver) exchange(ctx context.Context, list []string, name string, kind uint16) (*dns.Msg, error) {
	err := error(errServer{"no name server was asked"})
	for range rounds {
		for _, server := range list {
			var msg *dns.Msg
			if msg, err = exchangeOne(ctx, server, name, kind); err == nil {
				return msg, nil
			}
			if ctx.Err() != nil {
				return nil, errServer{"the name servers did not answer in time"}
			}
		}
	}
	return nil, err
}

func exchangeOne(ctx context.Context, server, name string, kind uint16) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	q := new(dns.Msg)
	q.SetQuestion(name, kind)
	q.SetEdns0(udpSize, false)
	var msg *dns.Msg
	for _, network := range []string{"udp", "tcp"} {
		c := &dns.Client{Net: network, UDPSize: udpSize}
		var err error
		if msg, _, err = c.ExchangeContext(ctx, q, server); err != nil {
			return nil, errServer{"name server " + server + ": " + err.Error()}
		}
		if !msg.Truncated {
			break
		}
	}
	switch {
	case !msg.Response || len(msg.Question) != 1 || msg.Question[0].Qtype != kind || !strings.EqualFold(msg.Question[0].Name, name):
		return nil, errServer{"name server " + server + " answered another question"}
	case msg.Truncated:
		return nil, errServer{"the answer of name server " + server + " is cut off"}
	case msg.Rcode != dns.RcodeSuccess && msg.Rcode != dns.RcodeNameError:
		return nil, errServer{"name server " + server + " refuses: " + dns.RcodeToString[msg.Rcode]}
	}
	return msg, nil
}

// read takes the records of a name from an answer, along the CNAMEs in it; next
// is the name to ask for when the chain leads out of the answer.
func read(msg *dns.Msg, name string, kind uint16, seen map[string]bool) (a answer, next string) {
	a.ttl = maxTTL
	records := msg.Answer[:min(len(msg.Answer), maxAnswers)]
	for {
		target := ""
		for _, rr := range records {
			h := rr.Header()
			if h.Class != dns.ClassINET || !strings.EqualFold(h.Name, name) {
				continue
			}
			switch {
			case h.Rrtype == kind:
				a.records = append(a.records, rr)
				a.ttl = min(a.ttl, time.Duration(h.Ttl)*time.Second)
			case h.Rrtype == dns.TypeCNAME && target == "":
				target = dns.CanonicalName(rr.(*dns.CNAME).Target)
				a.ttl = min(a.ttl, time.Duration(h.Ttl)*time.Second)
			}
		}
		switch {
		case len(a.records) > 0:
			return a, ""
		case target != "" && !seen[target] && len(seen) <= maxCNAMEs && follows(records, target):
			seen[target] = true
			name = target
			continue
		case target != "":
			return a, target
		}
		a.err, a.ttl = ErrNoRecord, min(a.ttl, negative(msg))
		return a, ""
	}
}

// follows reports whether an answer says anything of a name.
func follows(records []dns.RR, name string) bool {
	for _, rr := range records {
		if strings.EqualFold(rr.Header().Name, name) {
			return true
		}
	}
	return false
}

// negative gives how long it may be believed that there is nothing (RFC 2308 §5).
func negative(msg *dns.Msg) time.Duration {
	for _, rr := range msg.Ns[:min(len(msg.Ns), maxAnswers)] {
		if soa, ok := rr.(*dns.SOA); ok {
			return min(time.Duration(min(soa.Minttl, soa.Hdr.Ttl))*time.Second, maxNegative)
		}
	}
	return minTTL
}

// addresses gives the addresses in an answer that can be sent to.
func (r *Resolver) addresses(a answer) []netip.Addr {
	var out []netip.Addr
	for _, rr := range a.records {
		var ip net.IP
		switch rr := rr.(type) {
		case *dns.A:
			ip = rr.A
		case *dns.AAAA:
			ip = rr.AAAA
		}
		if addr, ok := netip.AddrFromSlice(ip); ok && r.usable(addr.Unmap()) && len(out) < maxAddresses {
			out = append(out, addr.Unmap())
		}
	}
	return out
}
