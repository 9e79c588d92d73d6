package netlab

import (
	"fmt"
	"strings"
)

// NAT is how a router translates addresses, by the names of RFC 3489 §5.
type NAT string

// The kinds of NAT. Those of the first two have one host inside.
const (
	FullCone       NAT = "full cone"       // one mapping, and all may send to it
	Restricted     NAT = "restricted"      // one mapping; hosts that were sent to may answer
	PortRestricted NAT = "port restricted" // one mapping; addresses with ports that were sent to may answer
	Symmetric      NAT = "symmetric"       // a mapping with a random port for each far end
)

// Translate makes the host a router that hides the host inside behind an address of
// its outer interface. Rules given before are replaced.
func (h *Host) Translate(kind NAT, outer, public, inside string) {
	h.lab.t.Helper()
	h.Forwards()
	out, in, guard := "masquerade", "", ""
	switch kind {
	case FullCone:
		out = "snat to " + public
		in = fmt.Sprintf(`iifname %q meta l4proto udp dnat to %s`, outer, inside)
	case Restricted:
		out = "snat to " + public
		in = fmt.Sprintf(`iifname %q meta l4proto udp ip saddr @known dnat to %s`, outer, inside)
		guard = fmt.Sprintf(`oifname %q update @known { ip daddr timeout 60s }`, outer)
	case PortRestricted:
		out = "snat to " + public
	case Symmetric:
		out = "snat to " + public + ":20000-60000 fully-random"
	}
	h.rules(fmt.Sprintf(`set known { type ipv4_addr; flags dynamic,timeout; timeout 60s; }
chain outward { type nat hook postrouting priority 100; oifname %q meta l4proto { tcp, udp } %s; }
chain inward { type nat hook prerouting priority -100; %s; }
chain guard { type filter hook forward priority 0; %s; }`, outer, out, in, guard))
}

// Publish makes the host a router that hands all UDP and TCP for one of its addresses
// on to the host inside, as the elastic address of a cloud does, and hides that host
// behind it.
func (h *Host) Publish(outer, public, inside string) {
	h.lab.t.Helper()
	h.Forwards()
	h.rules(fmt.Sprintf(`chain outward { type nat hook postrouting priority 100; oifname %q ip saddr %s snat to %s; }
chain inward { type nat hook prerouting priority -100; ip daddr %s dnat to %s; }`, outer, inside, public, public, inside))
}

// rules puts chains of IPv4 in place of those that were there.
func (h *Host) rules(chains string) {
	h.lab.t.Helper()
	for strings.Contains(chains, " ; }") {
		chains = strings.ReplaceAll(chains, " ; }", " }")
	}
	h.Filter("table ip lab\ndelete table ip lab\ntable ip lab {\n" + chains + "\n}\n")
}

// Forget drops all mappings, as a router does that starts anew.
func (h *Host) Forget() {
	h.lab.t.Helper()
	if out, err := h.Command("conntrack", "-F").CombinedOutput(); err != nil {
		h.lab.t.Fatalf("%s: conntrack: %v\n%s", h.Name, err, out)
	}
}

// Lifetime is how many seconds a mapping lives without a packet.
func (h *Host) Lifetime(seconds int) {
	h.lab.t.Helper()
	for _, key := range []string{"nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"} {
		h.Sysctl("net/netfilter/"+key, fmt.Sprint(seconds))
	}
}
