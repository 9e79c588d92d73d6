package sipua

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/locate"
	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// Place is where a request can be sent.
type Place = locate.Place

// maxRoutes bounds a route set that we put into requests of our own accord: of
// Path, Service-Route and an outbound proxy.
const maxRoutes = 10

func destOf(p Place) transact.Dest {
	d := transact.Dest{Transport: p.Transport, Addr: p.Addr}
	if p.Transport == "tls" {
		d.Name, d.Keys = p.Domain, p.Keys
	}
	return d
}

func placeOf(d transact.Dest) Place {
	return Place{Transport: d.Transport, Addr: d.Addr, Domain: d.Name, Keys: d.Keys}
}

// sendable says whether our sockets reach addresses of the family.
func (a *Agent) sendable(to netip.Addr) bool {
	own := a.wire.Addr().Addr()
	return own.Is6() && own.IsUnspecified() || own.Is4() == to.Is4()
}

// place finds the request URI of a target, the route set that is put in front,
// and where the request goes.
func (a *Agent) place(ctx context.Context, t Target) (uri sip.Uri, routes []sip.Uri, places []Place, err error) {
	transport := t.Transport
	switch {
	case t.Binding != nil:
		if err := sip.ParseUri(t.Binding.Contact, &uri); err != nil {
			return uri, nil, nil, err
		}
		if routes, err = parseRoutes(t.Binding.Path); err != nil {
			return uri, nil, nil, err
		}
		transport, t.NextHop = t.Binding.Transport, t.Binding.Source
	case t.Trunk != nil:
		host, port := splitHost(t.Trunk.Host)
		uri = sip.Uri{Scheme: "sip", User: cleanUser(t.User), Host: host, Port: port}
		if transport == "" {
			transport = t.Trunk.Transport
		}
		addTransport(&uri, transport)
		routes = a.trunkRoutes(t, transport)
	default:
		if err := sip.ParseUri(t.URI, &uri); err != nil {
			return uri, nil, nil, err
		}
	}
	if (uri.Scheme != "sip" && uri.Scheme != "sips") || !transact.ValidHost(uri.Host) || strings.ContainsAny(uri.String(), "\r\n <>\"") {
		return uri, nil, nil, errors.New("the address is no SIP URI")
	}
	uri.Headers = nil
	if len(t.Places) > 0 {
		return uri, routes, t.Places, nil
	}
	if t.Binding != nil && onlyWay(transport) {
		key, ok := flowOf(*t.Binding)
		if !ok || !a.wire.Connected(key) {
			return uri, nil, nil, errors.New("the connection by which the telephone registered is closed")
		}
		return uri, routes, []Place{placeOf(key)}, nil
	}
	next := uri
	if len(routes) > 0 {
		next = routes[0]
	}
	q := queryOf(next, transport)
	if t.NextHop != "" {
		q.Host, q.Port = splitHost(t.NextHop)
		q.Transport = strings.ToLower(transport)
	}
	places, err = a.places(ctx, q, t.Trunk)
	return uri, routes, places, err
}

// queryOf reads from a URI where it leads (RFC 3263 §4: maddr counts before the
// host). transport counts where the URI names none.
func queryOf(u sip.Uri, transport string) locate.Query {
	q := locate.Query{Host: u.Host, Port: u.Port, Secure: u.Scheme == "sips"}
	if m, ok := u.UriParams.Get("maddr"); ok && transact.ValidHost(m) {
		q.Host = m
	}
	q.Transport = strings.ToLower(u.UriParams.GetOr("transport", transport))
	return q
}

// parseRoutes reads URIs of a route set that was kept as text.
func parseRoutes(list []string) ([]sip.Uri, error) {
	var out []sip.Uri
	for _, text := range list[:min(len(list), maxRoutes)] {
		var u sip.Uri
		if err := transact.ParseURI(text, &u); err != nil || (u.Scheme != "sip" && u.Scheme != "sips") {
			return nil, errors.New("the way to it is no list of SIP URIs")
		}
		out = append(out, u)
	}
	return out, nil
}

// hops finds where the next request of the dialog may go; fixed says that there
// is no choice: a phone behind its NAT, or an open connection.
func (d *Dialog) hops(ctx context.Context) (places []Place, fixed bool, err error) {
	d.mu.Lock()
	uri, dest, pinned := d.target, d.dest, d.pinned
	if len(d.routes) > 0 {
		uri = d.routes[0]
	}
	d.mu.Unlock()
	if pinned && (dest.Transport == "udp" || d.a.wire.Connected(dest)) {
		return []Place{placeOf(dest)}, true, nil
	}
	q := queryOf(uri, "")
	_, literal := netip.ParseAddr(strings.Trim(q.Host, "[]"))
	switch {
	case pinned: // the peer's own connection is gone: its Contact is what is left
		q.Transport = dest.Transport
	case d.peer.Kind == PeerTrunk && d.peer.Trunk.Transport == "tls": // whatever it says
	case q.Transport == "" && (literal == nil || q.Port != 0):
		q.Transport = dest.Transport
	case q.Transport != "" && transact.SplitTransport(q.Transport) == "":
		return []Place{placeOf(dest)}, true, nil
	}
	var trunk *voice.Trunk
	if d.peer.Kind == PeerTrunk {
		trunk = &d.peer.Trunk
	}
	list, err := d.a.places(ctx, q, trunk)
	if err != nil && dest.Addr.IsValid() {
		// A Contact that leads nowhere, of a name in the peer's network alone or a
		// scheme that is not spoken: the peer is where it was.
		return []Place{placeOf(dest)}, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	for i, p := range list {
		switch {
		case pinned:
		case p.Addr.Addr() == dest.Addr.Addr() && dest.Transport != "udp" && d.a.wire.Connected(dest),
			private(p.Addr.Addr()) && !private(dest.Addr.Addr()):
			// The open connection serves; a private Contact of a public peer is behind its NAT.
			return []Place{placeOf(dest)}, true, nil
		case destOf(p) == dest && !d.a.where.Resting(p): // where the last request went
			return append([]Place{p}, slices.Delete(slices.Clone(list), i, i+1)...), false, nil
		}
	}
	return list, false, nil
}

// private reports whether an address has a meaning within one network alone.
func private(a netip.Addr) bool { return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() }
