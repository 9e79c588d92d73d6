package telphin

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/dialect/telphinivr"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// form is the media type of what is sent to clients' servers.
const form = "application/x-www-form-urlencoded"

// Ask gives the request of Call Interactive: what is known of the call, in the
// query of a GET or the body of a POST.
func (d *Dialect) Ask(ctx context.Context, q flow.Question) (voice.HTTPRequest, error) {
	values, err := d.callValues(ctx, q.Call, q.App)
	if err != nil {
		return voice.HTTPRequest{}, err
	}
	values.Set("EventType", telphinivr.CallInteractive)
	values.Set("CallStatus", "ANSWER")
	values.Set("CallFlow", "IN")
	req := voice.HTTPRequest{Method: http.MethodPost, URL: q.URL, Timeout: q.Step.Timeout, Type: form, Body: []byte(values.Encode())}
	if q.Step.Method == http.MethodGet {
		req.Method, req.Type, req.Body = http.MethodGet, "", nil
		req.URL, err = withQuery(q.URL, values)
	}
	return req, err
}

// withQuery adds values to the query of an address.
func withQuery(address string, values url.Values) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", voice.Errorf("telphin.withQuery", voice.Invalid, "the address is broken: %s", err)
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += values.Encode()
	return u.String(), nil
}

// Reply makes a program of the XML answer of an application.
func (d *Dialect) Reply(ctx context.Context, q flow.Question, a voice.HTTPAnswer, r dialect.Resolver) (*flow.Program, error) {
	if err := input.CheckAnswer(a.Status, a.Body, "XML", telphinivr.MaxAnswer); err != nil {
		return nil, voice.E("telphin.Reply", voice.Invalid, err)
	}
	p, err := telphinivr.Reply(ctx, a.Body, q.Step.Ways, r)
	if err == nil {
		p.App = q.App
	}
	return p, err
}

// callValues says what is known of a call, as the vendor's events do.
func (d *Dialect) callValues(ctx context.Context, c voice.CallInfo, app voice.AppID) (url.Values, error) {
	values := url.Values{"CallID": {string(c.ID)}, "CallerIDNum": {c.From}, "CallerIDName": {c.FromName}, "CalledNumber": {c.To},
		"CallAPIID": {string(c.ID)}}
	if c.Order != "" {
		values.Set("CallAPIID", c.Order)
	}
	if c.Extension == "" {
		if e, err := voice.ParseE164(c.To); err == nil {
			values.Set("CalledDID", strings.TrimPrefix(string(e), "+"))
		}
	} else {
		e, err := d.cfg.Extensions.Extension(ctx, c.Tenant, c.Extension)
		if err != nil && !voice.IsKind(err, voice.NotExist) {
			return nil, err
		}
		values.Set("CallerExtension", numberPrefix+"*"+c.Extension)
		values.Set("CallerExtensionID", strconv.FormatInt(e.Serial, 10))
	}
	if app == "" {
		return values, nil
	}
	a, err := d.cfg.Apps.App(ctx, c.Tenant, app)
	if err != nil {
		if voice.IsKind(err, voice.NotExist) {
			err = nil
		}
		return values, err
	}
	if doc, err := telphinivr.Parse(a.Document); err == nil && a.Kind == Kind {
		values.Set("CalledExtension", numberPrefix+"*"+doc.Extension.Name)
		values.Set("CalledExtensionID", strconv.FormatInt(a.Serial, 10))
	}
	return values, nil
}
