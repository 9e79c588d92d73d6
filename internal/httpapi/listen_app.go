package httpapi

import (
	"context"
	"net/url"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/listen"
	"tandem/internal/voice"
)

// maxListenAsks bounds what an application is asked for one sound.
const maxListenAsks = 200

// application is a real one that an app asks while it is listened to: all that is asked
// goes to it, by the policy for requests of calls.
type application struct {
	a    *API
	c    caller
	base *url.URL
	left int
}

// application reads where an application is; nil = none is to be asked.
func (a *API) application(c caller, address string) (listen.Application, error) {
	const op = "httpapi.listen"
	if address == "" {
		return nil, nil
	}
	u, err := url.Parse(address)
	switch {
	case !c.may(AppsWrite):
		return nil, voice.Errorf(op, voice.Permission, "asking an application takes the scope %s", AppsWrite)
	case a.cfg.Web == nil:
		return nil, voice.Errorf(op, voice.Unavailable, "this server asks no applications")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, voice.InvalidField(op, "application", "%q is no http address, as https://ivr.example.com", address)
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, voice.InvalidField(op, "application", "an address of an application has neither user, query nor fragment")
	}
	return &application{a, c, u, maxListenAsks}, nil
}

// there gives an address of a flow as one of the application.
func (x *application) there(address string) (string, error) {
	const op = "httpapi.listen"
	u, err := url.Parse(address)
	if err != nil {
		return "", voice.Errorf(op, voice.Invalid, "%q is no address", address)
	}
	if x.left--; x.left < 0 {
		return "", voice.Errorf(op, voice.Limit, "an application is asked %d times for one sound at most", maxListenAsks)
	}
	u.Scheme, u.Host, u.User = x.base.Scheme, x.base.Host, nil
	u.Path, u.RawPath = strings.TrimSuffix(x.base.Path, "/")+u.Path, ""
	return u.String(), nil
}

// Request implements listen.Application.
func (x *application) Request(ctx context.Context, r voice.HTTPRequest) (voice.HTTPAnswer, error) {
	address, err := x.there(r.URL)
	if err != nil {
		return voice.HTTPAnswer{}, err
	}
	r.URL, r.Tenant = address, x.c.tenant
	return x.a.cfg.Web.Request(ctx, r)
}

// Fetch implements listen.Application. What is answered is not trusted.
func (x *application) Fetch(ctx context.Context, q flow.Question) (*flow.Program, int, error) {
	const op = "httpapi.listen"
	var asker dialect.Asker
	for _, d := range x.a.cfg.Dialects {
		if known, is := d.(dialect.Asker); is && string(d.Kind()) == q.Step.Dialect {
			asker = known
		}
	}
	p, status, err := dialect.Fetch(ctx, asker, q, x.Request, x.a.cfg.Resolver(x.c.tenant))
	switch {
	case err != nil:
		return nil, status, err
	case p == nil:
		return nil, status, voice.Errorf(op, voice.Internal, "the answer has no program")
	case len(p.Nodes) > flow.MaxFetched:
		return nil, status, voice.Errorf(op, voice.Invalid, "the answer makes %d steps; at most %d are allowed", len(p.Nodes), flow.MaxFetched)
	}
	if bad, is := flow.Validate(p).FirstError(); is {
		return nil, status, voice.Errorf(op, voice.Invalid, "the answer is no program that can be run: %s", bad)
	}
	if p.App == "" {
		own := *p
		own.App = q.App
		p = &own
	}
	return p, status, nil
}
