package hoiio

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/voice"
)

// blockVoice stands for a call between two numbers, which is no session.
const blockVoice = "voice"

// pair is a parameter of a notification.
type pair struct{ name, value string }

// sender is whose token signs a notification, and how it is written.
type sender struct {
	app string
	settings
}

// sender finds it for a call.
func (d *Dialect) sender(ctx context.Context, f dialect.Fact) (sender, error) {
	app, err := d.signingApp(ctx, f.Call.Info.Tenant, f.Call.Data[keyApp])
	if err != nil {
		return sender{}, err
	}
	set, err := d.settings(ctx, f.Call.Info.Tenant, app)
	return sender{app, set}, err
}

// Deliveries gives the notifications of a fact: that a block is over, and that the
// session has ended, with what its last block came to when that was cut short.
func (d *Dialect) Deliveries(ctx context.Context, f dialect.Fact) ([]voice.Delivery, error) {
	data := f.Call.Data
	switch f.Event.Kind {
	case voice.EventNotice:
		e := f.Event.Data
		if e["dialect"] != Kind || e[keyQuiet] != "" || e["gone"] != "" {
			return nil, nil
		}
		state := "ongoing"
		if e[keyBlock] == blockAnswer {
			state = "ringing"
		}
		s, err := d.sender(ctx, f)
		if err != nil {
			return nil, err
		}
		return d.notification(f, s, e[keyBlock], state, d.told(f, e[keyBlock], e))
	case voice.EventCallEnded:
		if data[keyBlock] == "" {
			return nil, nil
		}
		s, err := d.sender(ctx, f)
		if err != nil {
			return nil, err
		}
		if data[keyBlock] == blockVoice {
			return d.voiceEnded(ctx, f, s)
		}
		all, err := d.notification(f, s, data[keyBlock], "ended", append(d.atEnd(f), d.bill(ctx, f, s)...))
		if err != nil || data[keyTape] == "" {
			return all, err
		}
		f.Call.Data = map[string]string{keyApp: data[keyApp], keyNotify: data[keyTapeURL], keyTag: data[keyTapeTag]}
		more := append([]pair{{"monitor_url", d.link(f.Call.Info.Tenant, voice.RecordingID(data[keyTape]))}}, d.bill(ctx, f, s)...)
		tape, err := d.notification(f, s, blockMonitor, "ended", more)
		return append(all, tape...), err
	}
	return nil, nil
}

// told gives what a block that is over says of itself.
func (d *Dialect) told(f dialect.Fact, block string, from map[string]string) []pair {
	switch block {
	case blockDial:
		return []pair{{"dial_status", from[keyStatus]}}
	case blockGather:
		return []pair{{"digits", from[keyDigits]}}
	case blockRecord:
		return []pair{{"record_url", d.link(f.Call.Info.Tenant, voice.RecordingID(from[keyRecording]))}}
	case blockTransfer:
		list := []pair{{"transfer_status", from[keyStatus]}}
		if room := f.Call.Data[keyRoom]; room != "" {
			list = append(list, pair{"room", room})
		}
		return list
	}
	return nil
}

// atEnd gives what the last block of a session came to, unless that has been told.
func (d *Dialect) atEnd(f dialect.Fact) []pair {
	data := maps.Clone(f.Call.Data)
	block := data[keyBlock]
	if data[keyDone] != "" && data["gone"] == "" {
		return nil
	}
	switch block {
	case blockDial:
		data[keyStatus] = "answered"
		if f.Call.Answered.IsZero() {
			data[keyStatus] = dialStatus(f.Call.CDR)
		}
	case blockTransfer:
		switch {
		case data[keyStatus] == "unanswered" && f.Call.AnsweredBy != "": // the caller left the talk
			data[keyStatus] = "answered"
		case data[keyStatus] == "":
			data[keyStatus] = "unanswered"
		}
	}
	return d.told(f, block, data)
}

// dialStatus says why a session's party was not reached.
func dialStatus(c *voice.CDR) string {
	if c == nil {
		return "failed"
	}
	switch c.Cause {
	case voice.CauseBusy:
		return "busy"
	case voice.CauseNoAnswer, voice.CauseCancelled:
		return "unanswered"
	}
	return "failed"
}

// bill gives what every notification of an end says.
func (d *Dialect) bill(ctx context.Context, f dialect.Fact, s sender) []pair {
	start, talked := f.Call.Info.Start, time.Duration(0)
	end := f.Event.At
	if c := f.Call.CDR; c != nil {
		start, end = c.Start, c.End
	}
	if !f.Call.Answered.IsZero() {
		talked = end.Sub(f.Call.Answered)
	}
	return []pair{{"date", s.stamp(start)}, {"duration", minutes(talked)}, {"currency", d.currency(ctx, f.Call.Info.Tenant)},
		{"rate", noRate}, {"debit", noRate}}
}

// notification writes what is sent to the block's address; nothing without one.
func (d *Dialect) notification(f dialect.Fact, s sender, block, state string, more []pair) ([]voice.Delivery, error) {
	data, info := f.Call.Data, f.Call.Info
	if f.Event.Kind == voice.EventNotice {
		data = f.Event.Data
	}
	if data[keyNotify] == "" {
		return nil, nil
	}
	list := []pair{{"ivr_block", block}, {"session", sessionID(info.ID)}, {"txn_ref", txnRef(info.ID)}, {"call_state", state}}
	if info.Direction == voice.Outbound {
		list = append(list, pair{"dest", info.From})
	} else {
		list = append(list, pair{"from", e164(info.From)}, pair{"to", e164(info.To)})
	}
	list = append(append(list, more...), pair{"tag", data[keyTag]})
	return d.delivery(f, s, data[keyNotify], list, block+" "+state)
}

// e164 gives a number its plus.
func e164(s string) string {
	if e, err := voice.ParseE164(s); err == nil && !strings.HasPrefix(s, "0") {
		return string(e)
	}
	return s
}

// delivery writes a notification: the parameters, then those that the address has
// of its own. Where the application wants so the address has them all as well.
func (d *Dialect) delivery(f dialect.Fact, s sender, to string, list []pair, what string) ([]voice.Delivery, error) {
	u, err := url.Parse(to)
	if err != nil {
		return nil, voice.E("hoiio.Deliveries", voice.Invalid, err)
	}
	given := map[string]bool{}
	for _, p := range list {
		given[p.name] = true
	}
	own := form(list)
	var passed []pair
	for s := range strings.SplitSeq(u.RawQuery, "&") {
		name, value, _ := strings.Cut(s, "=")
		n, nerr := url.QueryUnescape(name)
		v, verr := url.QueryUnescape(value)
		if nerr == nil && verr == nil && n != "" && !given[n] {
			passed = append(passed, pair{n, v})
		}
	}
	body := joined(own, form(passed))
	if s.NotifyQuery {
		u.RawQuery = joined(u.RawQuery, own)
		to = u.String()
	}
	one := voice.Delivery{Tenant: f.Call.Info.Tenant, Call: f.Call.Info.ID, Endpoint: Kind + "/" + s.app, Purpose: "notification of " + what,
		Method: http.MethodPost, URL: to, Type: "application/x-www-form-urlencoded", Body: body, Tries: 1}
	if s.app != "" {
		one.Signature = Kind + "/" + s.app
	}
	return []voice.Delivery{one}, nil
}

// form writes parameters in their order.
func form(list []pair) string {
	var b strings.Builder
	for i, p := range list {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.name) + "=" + url.QueryEscape(p.value))
	}
	return b.String()
}

// joined puts two forms one after the other.
func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "&" + b
}

// currency is the account's; the vendor's clients know SGD, HKD, USD and AUD.
func (d *Dialect) currency(ctx context.Context, t voice.TenantID) string {
	if tenant, err := d.cfg.Tenants.Tenant(ctx, t); err == nil && tenant.Currency != "" {
		return tenant.Currency
	}
	return "USD"
}
