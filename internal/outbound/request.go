package outbound

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"tandem/internal/voice"
)

// Time bounds of a request that a flow makes.
const (
	DefaultRequestTime = 10 * time.Second
	MaxRequestTime     = 30 * time.Second
)

// maxHeaders bounds the headers of a request, in bytes.
const maxHeaders = 16 << 10

// Requester makes the requests of flows and applications: it implements
// voice.Requester. Redirects are followed, each of them checked, for GET alone;
// what the headers of a flow say is not told to another host.
type Requester struct {
	get, send *http.Client
}

// NewRequester makes a Requester under p. Close it.
func NewRequester(p *Policy) *Requester {
	answer := Purpose{Name: "answer", MaxBody: voice.MaxHTTPAnswer}
	send := p.client(answer, MaxRequestTime, p.dial)
	answer.Redirect = true
	return &Requester{get: p.client(answer, MaxRequestTime, p.dial), send: send}
}

// Close closes idle connections.
func (r *Requester) Close() {
	r.get.CloseIdleConnections()
	r.send.CloseIdleConnections()
}

// Request implements voice.Requester. Invalid, naming the field, for what is no
// request. A time-out of 0 is DefaultRequestTime; none is above MaxRequestTime.
func (r *Requester) Request(ctx context.Context, q voice.HTTPRequest) (voice.HTTPAnswer, error) {
	const op = "outbound.Request"
	req, err := newRequest(op, q)
	if err != nil {
		return voice.HTTPAnswer{}, err
	}
	limit := q.Timeout
	if limit <= 0 {
		limit = DefaultRequestTime
	}
	limit = min(limit, MaxRequestTime)
	ctx, cancel := context.WithTimeout(voice.WithTenant(ctx, q.Tenant), limit)
	defer cancel()
	client := r.send
	if req.Method == http.MethodGet || req.Method == http.MethodHead {
		client = r.get
	}
	resp, err := client.Do(req.WithContext(ctx))
	if err != nil {
		return voice.HTTPAnswer{}, explain(op, err, limit)
	}
	data, err := readBody(op, resp, limit)
	if err != nil {
		return voice.HTTPAnswer{}, err
	}
	return voice.HTTPAnswer{Status: resp.StatusCode, Type: resp.Header.Get("Content-Type"), Body: data}, nil
}

func newRequest(op string, q voice.HTTPRequest) (*http.Request, error) {
	method := strings.ToUpper(q.Method)
	switch {
	case method == "" && len(q.Body) > 0:
		method = http.MethodPost
	case method == "":
		method = http.MethodGet
	case !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, method):
		return nil, voice.InvalidField(op, "method", "%q is none of GET, POST, PUT, PATCH, DELETE", q.Method)
	}
	if len(q.URL) > MaxURL {
		return nil, voice.InvalidField(op, "url", "the URL is longer than %d characters", MaxURL)
	}
	req, err := http.NewRequest(method, q.URL, bytes.NewReader(q.Body))
	if err != nil {
		return nil, voice.InvalidField(op, "url", "the URL can't be read: %w", errWithoutURL(err))
	}
	if len(q.Body) == 0 {
		req.Body, req.GetBody = http.NoBody, nil
	}
	req.Header.Set("User-Agent", "Tandem")
	if err := SetHeaders(req.Header, q.Headers); err != nil {
		return nil, err
	}
	if q.Type != "" {
		if err := SetHeaders(req.Header, map[string]string{"Content-Type": q.Type}); err != nil {
			return nil, err
		}
	}
	return req, nil
}

// ours are headers that say how a request travels: they are not a client's to set.
func ours(name string) bool {
	return strings.HasPrefix(name, "Proxy-") || slices.Contains([]string{
		"Host", "Connection", "Content-Length", "Expect", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	}, name)
}

// SetHeaders sets the headers of a request that somebody else wrote. Invalid for
// a name or value that is none (RFC 9110 §5) or that says how a request travels,
// and for more than 16 KiB of them.
func SetHeaders(h http.Header, from map[string]string) error {
	const op = "outbound.SetHeaders"
	size := 0
	for name, value := range from {
		canonical := http.CanonicalHeaderKey(name)
		size += len(name) + len(value)
		switch {
		case name == "" || strings.ContainsFunc(name, notToken):
			return voice.InvalidField(op, "headers", "%q is no name of a header", name)
		case ours(canonical):
			return voice.InvalidField(op, "headers", "header %s can't be set", canonical)
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			return voice.InvalidField(op, "headers", "the value of header %s holds a control character", canonical)
		case size > maxHeaders:
			return voice.InvalidField(op, "headers", "they have more than %d bytes", maxHeaders)
		}
		h.Set(canonical, value)
	}
	return nil
}

func notToken(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}
