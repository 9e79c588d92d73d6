package engine

import (
	"cmp"
	"context"
	"strings"
	"time"

	"tandem/internal/browser"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// trunkSilence is how long a trunk may give no sign of life before the next is tried.
const trunkSilence = 4 * time.Second

// anonymous as a caller ID shows no number.
const anonymous = "anonymous"

// way is one thing to ring for a target: a registered phone, a page in a browser, a SIP
// address, or a number through trunks that are tried in turn.
type way struct {
	target  voice.Target
	words   string
	hops    []sipua.Target
	page    *browser.Page      // in place of hops
	shown   browser.Invitation // to page
	release func()             // gives back an outbound reservation; may be nil
}

// ways finds what there is to ring for a target. The error says in words why
// there is nothing.
func (c *Call) ways(ctx context.Context, t voice.Target, s voice.DialSpec) ([]way, error) {
	switch t.Kind {
	case voice.ToExtension:
		return c.phones(ctx, t, s)
	case voice.ToNumber:
		return c.trunks(ctx, t, s)
	case voice.ToSIP:
		return c.address(ctx, t, s)
	}
	return nil, voice.Errorf("engine.Dial", voice.Invalid, "a %s can't be rung", t.Kind)
}

// phones gives the registered phones of an extension and the open pages of its user.
func (c *Call) phones(ctx context.Context, t voice.Target, s voice.DialSpec) ([]way, error) {
	bindings, err := c.e.cfg.Bindings.Bindings(ctx, c.Info().Tenant, t.ID, time.Now())
	if err != nil {
		return nil, err
	}
	ways, err := c.pages(ctx, t)
	if err != nil {
		return nil, err
	}
	if len(bindings)+len(ways) == 0 {
		return nil, voice.Errorf("engine.Dial", voice.Unavailable, "no phone is registered as %s", t.ID)
	}
	from, name := c.shown(s)
	for i := range ways {
		ways[i].shown = browser.Invitation{From: from, FromName: name, To: t.String()}
	}
	for _, b := range bindings {
		ways = append(ways, way{target: t, words: "extension " + t.ID + " at " + b.Source,
			hops: []sipua.Target{{Binding: &b, From: from, FromName: name, MaxForwards: c.hopsLeft()}}})
	}
	return ways, nil
}

// trunks gives the trunks that may carry a number, in order.
func (c *Call) trunks(ctx context.Context, t voice.Target, s voice.DialSpec) ([]way, error) {
	const op = "engine.Dial"
	n, err := voice.ParseE164(t.ID)
	if err != nil {
		return nil, err
	}
	all, err := c.e.cfg.Trunks.Trunks(ctx, c.Info().Tenant)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, voice.Errorf(op, voice.Unavailable, "the account has no trunk to call %s through", n)
	}
	w := way{target: t, words: "number " + string(n)}
	refused := error(nil)
	for _, k := range all {
		if err := k.MayDial(n); err != nil {
			refused = err
			continue
		}
		w.hops = append(w.hops, c.throughTrunk(k, n, s))
	}
	if len(w.hops) == 0 {
		return nil, refused
	}
	if w.release, err = c.outbound(ctx); err != nil {
		return nil, err
	}
	return []way{w}, nil
}

// address gives a SIP address, if policy lets the tenant call that host.
func (c *Call) address(ctx context.Context, t voice.Target, s voice.DialSpec) ([]way, error) {
	uri, host, err := sipAddress(t.ID)
	if err != nil {
		return nil, err
	}
	if err := c.mayCall(ctx, host); err != nil {
		return nil, err
	}
	release, err := c.outbound(ctx)
	if err != nil {
		return nil, err
	}
	from, name := c.shown(s)
	return []way{{target: t, words: uri, release: release,
		hops: []sipua.Target{{URI: uri, From: from, FromName: name, MaxForwards: c.hopsLeft()}}}}, nil
}

// sipAddress reads "user@host[:port]", with or without "sip:", with at most a
// transport behind it. Policy looks at the host that is dialled, so whatever
// two readers may understand differently is refused.
func sipAddress(id string) (uri, host string, err error) {
	const op = "engine.Dial"
	rest := id
	if len(rest) >= 4 && strings.EqualFold(rest[:4], "sip:") {
		rest = rest[4:]
	}
	rest, params, _ := strings.Cut(rest, ";")
	user, host, ok := strings.Cut(rest, "@")
	if !ok || user == "" || host == "" || strings.HasPrefix(strings.ToLower(user), "sips:") || strings.ContainsAny(rest, "?<>\"\\,/ \t\r\n") || strings.Contains(host, "@") {
		return "", "", voice.Errorf(op, voice.Invalid, "%q is not a SIP address: user@host", id)
	}
	switch params {
	case "":
		return "sip:" + rest, host, nil
	case "transport=udp", "transport=tcp", "transport=tls":
		return "sip:" + rest + ";" + params, host, nil
	}
	return "", "", voice.Errorf(op, voice.Invalid, "%q: a SIP address may name its transport, udp, tcp or tls, and nothing else", id)
}

func (c *Call) mayCall(ctx context.Context, host string) error {
	if c.e.cfg.CheckHost == nil {
		return nil
	}
	return c.e.cfg.CheckHost(ctx, host)
}

// pin makes a SIP address go to the very machines that policy has seen: its name
// is not looked up again.
func (c *Call) pin(ctx context.Context, places []sipua.Place) (allowed []sipua.Place, err error) {
	for _, p := range places {
		if e := c.mayCall(ctx, p.Addr.Addr().String()); e != nil {
			err = e
			continue
		}
		allowed = append(allowed, p)
	}
	if len(allowed) > 0 {
		err = nil
	}
	return allowed, err
}

// shown is the caller as a phone of the account or a SIP address sees it.
func (c *Call) shown(s voice.DialSpec) (from, name string) {
	switch s.CallerID {
	case "":
		info := c.Info()
		if c.a == nil { // the first party of a call that we begin sees whom it will talk with
			return info.To, s.CallerName
		}
		return info.From, cmp.Or(s.CallerName, info.FromName)
	case anonymous, "none":
		return "", ""
	}
	return s.CallerID, s.CallerName
}

// shownTo is the number that a carrier sees: what was asked for, else the
// trunk's own, else the number of the account that was dialled. The caller's
// own number is not the account's to show.
func (c *Call) shownTo(k voice.Trunk, s voice.DialSpec) (from, name string) {
	switch {
	case s.CallerID == anonymous || s.CallerID == "none":
		return "", ""
	case s.CallerID != "":
		return s.CallerID, s.CallerName
	case k.CallerID != "":
		return string(k.CallerID), s.CallerName
	}
	if info := c.Info(); info.Direction == voice.Inbound && info.Extension == "" {
		if own, err := voice.ParseE164(info.To); err == nil {
			return string(own), s.CallerName
		}
	}
	return k.Username, s.CallerName
}

// hopsLeft keeps a call that goes in circles from doing so for ever (RFC 3261 §16.6).
func (c *Call) hopsLeft() int {
	if c.a == nil || c.a.inc == nil {
		return 70
	}
	return c.a.inc.MaxForwards() - 1
}
