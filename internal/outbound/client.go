package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"tandem/internal/voice"
)

// Bounds of every answer.
const (
	MaxRedirects = 3
	maxHeader    = 32 << 10
)

// Purpose is what something is fetched for; it bounds the body.
type Purpose struct {
	Name     string // for the words of errors
	MaxBody  int64  // bytes
	Redirect bool   // follow redirects, up to MaxRedirects
	Unread   bool   // nobody minds what the body is: one too large is cut
}

// Document is a description of a call flow.
func Document() Purpose { return Purpose{Name: "document", MaxBody: 1 << 20, Redirect: true} }

// Audio is a sound to be played.
func Audio() Purpose { return Purpose{Name: "audio", MaxBody: 50 << 20, Redirect: true} }

// Certificate is a certificate or a set of keys.
func Certificate() Purpose { return Purpose{Name: "certificate", MaxBody: 64 << 10, Redirect: true} }

// Webhook posts signed events: their signature must not travel elsewhere.
func Webhook() Purpose { return Purpose{Name: "webhook", MaxBody: 64 << 10, Unread: true} }

// Client makes a client for URLs given by tenants and documents. Every request
// and every redirect is checked, for the account that voice.WithTenant names in
// its context; its bodies fail with kind Limit past the bound
// of the purpose. Take one client per purpose and close its idle connections in
// the end.
func (p *Policy) Client(what Purpose) *http.Client {
	return p.client(what, TotalTime, p.dial)
}

// Operator makes a client for URLs that the operator of the host configured,
// such as a speech server of his own: any address and port may be reached. The
// other bounds hold; redirects are not followed, because keys go along.
func (p *Policy) Operator(total time.Duration) *http.Client {
	what := Purpose{Name: "configured service", MaxBody: 50 << 20}
	d := net.Dialer{Timeout: ConnectTime}
	c := p.client(what, total, d.DialContext)
	c.Transport.(*guard).check = nil
	return c
}

func newTransport(dial dialer) *http.Transport {
	return &http.Transport{
		Proxy:                  nil, // never from the environment
		DialContext:            dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    ConnectTime,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // a small answer stays small
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConns:           32,
		MaxConnsPerHost:        16,
		IdleConnTimeout:        30 * time.Second,
	}
}

type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

func (p *Policy) client(what Purpose, total time.Duration, dial dialer) *http.Client {
	return &http.Client{
		Transport: &guard{next: newTransport(dial), what: what, check: p},
		Timeout:   total,
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			req.Header.Del("Referer")
			if req.URL.Host != via[0].URL.Host { // what was said to one host is not for another
				req.Header = http.Header{"User-Agent": via[0].Header["User-Agent"], "Accept": via[0].Header["Accept"]}
			}
			switch {
			case !what.Redirect:
				return http.ErrUseLastResponse
			case len(via) > MaxRedirects:
				return voice.Errorf("outbound.Redirect", voice.Limit, "more than %d redirects", MaxRedirects)
			case via[0].URL.Scheme == "https" && req.URL.Scheme != "https":
				return refuse("outbound.Redirect", "redirected from https to %s", req.URL.Scheme)
			}
			return nil // the guard checks the URL
		},
	}
}

// guard checks each request's URL and bounds each answer's body.
type guard struct {
	next  *http.Transport
	what  Purpose
	check *Policy // nil = the operator's URL
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	p := g.check
	if p != nil {
		var err error
		if p, err = p.forTenant(req.Context()); err == nil {
			_, err = p.CheckURL(req.URL.String())
		}
		if err != nil {
			if req.Body != nil {
				req.Body.Close()
			}
			return nil, err
		}
	}
	resp, err := g.transport(p).RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.ContentLength > g.what.MaxBody && !g.what.Unread {
		resp.Body.Close()
		return nil, g.tooLarge()
	}
	resp.Body = &body{ReadCloser: resp.Body, left: g.what.MaxBody, err: g.tooLarge()}
	return resp, nil
}

// CloseIdleConnections is what http.Client's method of that name calls.
func (g *guard) CloseIdleConnections() { g.next.CloseIdleConnections() }

func (g *guard) tooLarge() error {
	return voice.Errorf("outbound.Fetch", voice.Limit, "the %s is larger than %d bytes", g.what.Name, g.what.MaxBody)
}

// body fails, rather than ends, past its bound.
type body struct {
	io.ReadCloser
	left int64
	err  error
}

func (b *body) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, b.err
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, b.err
	}
	return n, err
}

// dial resolves host once, checks every address, and connects to those alone.
func (p *Policy) dial(ctx context.Context, network, hostport string) (net.Conn, error) {
	const op = "outbound.Dial"
	host, portText, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, voice.E(op, voice.Invalid, err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, voice.Errorf(op, voice.Invalid, "port %q", portText)
	}
	ctx, cancel := context.WithTimeout(ctx, ConnectTime)
	defer cancel()
	at := func(a netip.Addr) netip.AddrPort { return netip.AddrPortFrom(a, uint16(port)) }
	addrs, err := p.resolve(ctx, host, func(a netip.Addr) error { return p.CheckAddr(at(a)) })
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Timeout: ConnectTime, Control: p.control}
	var all error
	for _, a := range addrs {
		conn, err := d.DialContext(ctx, network, at(a).String())
		if err == nil {
			return conn, nil
		}
		all = errors.Join(all, err)
	}
	return nil, voice.Errorf(op, voice.Unavailable, "%w", all)
}

// control is the last word: it sees the very address that a socket is about to
// connect to.
func (p *Policy) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return refuse("outbound.Dial", "%s is no address", address)
	}
	return p.CheckAddr(at)
}

// Fetched is a whole answer.
type Fetched struct {
	Status int
	Header http.Header
	Body   []byte
	URL    string // after redirects
}

// Fetch gets a URL with a client made by Client. Kinds: Invalid or Permission
// for a URL that may not be fetched, Limit for one too large or redirected too
// often, Unavailable for a server that does not answer in time. An answer with
// any status is a result, not an error.
func Fetch(ctx context.Context, c *http.Client, url string) (Fetched, error) {
	const op = "outbound.Fetch"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Fetched{}, voice.InvalidField(op, "url", "the URL can't be read: %w", errWithoutURL(err))
	}
	req.Header.Set("User-Agent", "Tandem")
	resp, err := c.Do(req)
	if err != nil {
		return Fetched{}, explain(op, err, c.Timeout)
	}
	data, err := readBody(op, resp, c.Timeout)
	if err != nil {
		return Fetched{}, err
	}
	return Fetched{Status: resp.StatusCode, Header: resp.Header, Body: data, URL: resp.Request.URL.String()}, nil
}

// readBody reads an answer to its end, and closes it. One that is compressed,
// though nobody asked for that, is not unpacked.
func readBody(op string, resp *http.Response, limit time.Duration) ([]byte, error) {
	defer resp.Body.Close()
	if coding := resp.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return nil, voice.Errorf(op, voice.Invalid, "the answer is compressed (%.20q), which was not asked for", coding)
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, explain(op, err, limit)
	}
	return data, nil
}

// explain keeps our own errors and makes the rest Unavailable.
func explain(op string, err error, limit time.Duration) error {
	if _, ok := errors.AsType[*voice.Error](err); ok {
		return fmt.Errorf("%s: %w", op, err)
	}
	if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return voice.Errorf(op, voice.Unavailable, "there was no whole answer within %v", limit)
	}
	return voice.E(op, voice.Unavailable, errWithoutURL(err))
}
