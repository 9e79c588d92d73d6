package sipua

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

var (
	errTooManyRoutes = errors.New("it is too long")
	errPrivateRoute  = errors.New("it leads into a private network")
)

// trunkRoutes gives the route set that requests through a trunk begin with: its
// outbound proxy, then what its registrar asked for by Service-Route (RFC 3608
// §6.1).
func (a *Agent) trunkRoutes(t Target, transport string) []sip.Uri {
	var out []sip.Uri
	if t.Trunk.Proxy != "" {
		out = append(out, proxyURI(t.Trunk.Proxy, transport))
	}
	if t.registering {
		return out
	}
	for _, u := range a.trunks.service(t.Trunk.ID) {
		if len(out) == 1 && strings.EqualFold(out[0].Host, u.Host) && out[0].Port == u.Port && t.Trunk.Proxy != "" {
			continue // the registrar names our proxy too
		}
		out = append(out, u)
	}
	return out
}

// proxyURI makes the URI of an outbound proxy from HOST[:PORT].
func proxyURI(text, transport string) sip.Uri {
	host, port := splitHost(text)
	u := sip.Uri{Scheme: "sip", Host: host, Port: port}
	addTransport(&u, transport)
	u.UriParams.Add("lr", "")
	return u
}

// service gives the Service-Route of a trunk that is registered.
func (s *trunkSet) service(id voice.TrunkID) []sip.Uri {
	s.mu.RLock()
	r := s.regs[id]
	s.mu.RUnlock()
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.state.Registered {
		return nil
	}
	return r.service
}

// serve keeps the Service-Route of a registration, which each success replaces
// (RFC 3608 §6.1). One that can't be followed counts as none.
func (r *registration) serve(res *sip.Response, from transact.Dest) {
	var text []string
	for _, h := range res.GetHeaders("service-route") {
		text = append(text, nameAddrs(h.Value())...)
	}
	routes, err := parseRoutes(text)
	switch {
	case len(text) > maxRoutes:
		err = errTooManyRoutes
	case err == nil && len(routes) > 0:
		// A carrier may not send our calls into networks that are ours alone.
		first, literal := netip.ParseAddr(strings.Trim(routes[0].Host, "[]"))
		if literal == nil && private(first) && !private(from.Addr.Addr()) {
			err = errPrivateRoute
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.service = routes; err != nil {
		r.service = nil
		r.a.log.Warn("Service-Route is not followed", "trunk", r.trunk.Name, "error", err)
	}
}

// registeredWords says how a trunk is registered.
func (r *registration) registeredWords() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.service) == 0 {
		return "registered"
	}
	hosts := make([]string, len(r.service))
	for i, u := range r.service {
		hosts[i] = u.Host
	}
	return "registered, calls go by " + strings.Join(hosts, ", ")
}

// pathOf gives the Path of a REGISTER (RFC 3327), nearest proxy first; false
// when it can't be followed.
func pathOf(req *sip.Request) (path []string, ok bool) {
	for _, h := range req.GetHeaders("path") {
		path = append(path, nameAddrs(h.Value())...)
	}
	if len(path) > maxRoutes {
		return nil, false
	}
	routes, err := parseRoutes(path)
	return path, err == nil && !slices.ContainsFunc(routes, func(u sip.Uri) bool { return len(u.String()) > 512 || !looseRoute(u) })
}

// nameAddrs gives the URIs of a list of addresses in angle brackets. What is
// none is given as it is, so that reading it fails.
func nameAddrs(text string) []string {
	var out []string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		uri, rest, ok := strings.Cut(text, ">")
		if !ok || !strings.HasPrefix(uri, "<") {
			return append(out, "")
		}
		out = append(out, uri[1:])
		_, text, _ = strings.Cut(rest, ",") // parameters of the header have no meaning here
		if len(out) > maxRoutes {
			return out
		}
	}
	return out
}
