package locate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// orderSRV sorts records by priority and, within one, draws them by weight
// (RFC 2782): draw(n) gives a number in [0, n).
func orderSRV(list []*dns.SRV, draw func(int) int) []*dns.SRV {
	list = slices.Clone(list)
	// A weight of 0 comes first, so that it has its small chance.
	slices.SortStableFunc(list, func(a, b *dns.SRV) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(min(a.Weight, 1), min(b.Weight, 1)))
	})
	for from := 0; from < len(list); from++ {
		to, sum := from, 0
		for to < len(list) && list[to].Priority == list[from].Priority {
			sum += int(list[to].Weight)
			to++
		}
		at, pick := draw(sum+1), from
		for run := 0; pick < to-1; pick++ {
			if run += int(list[pick].Weight); run >= at {
				break
			}
		}
		chosen := list[pick]
		copy(list[from+1:pick+1], list[from:pick])
		list[from] = chosen
	}
	return list
}

// service is a NAPTR record that leads to SRV records of a transport we speak.
type service struct{ transport, srv string }

// services gives what NAPTR records lead to, by order and preference (RFC 3263
// §4.1, RFC 3403 §4.1). Only the terminal "s" records of SIP without a regular
// expression count.
func (r *Resolver) services(records []dns.RR, secure bool) []service {
	var list []*dns.NAPTR
	for _, rr := range records {
		if n, ok := rr.(*dns.NAPTR); ok && strings.EqualFold(n.Flags, "s") && n.Regexp == "" && n.Replacement != "." {
			list = append(list, n)
		}
	}
	slices.SortStableFunc(list, func(a, b *dns.NAPTR) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Preference, b.Preference))
	})
	var out []service
	for _, n := range list {
		transport := ""
		switch strings.ToUpper(n.Service) {
		case "SIP+D2U":
			transport = "udp"
		case "SIP+D2T":
			transport = "tcp"
		case "SIPS+D2T":
			transport = "tls"
		}
		if transport != "" && r.speaks(transport) && (!secure || transport == "tls") && len(out) < maxServices {
			out = append(out, service{transport, dns.CanonicalName(n.Replacement)})
		}
	}
	return out
}
